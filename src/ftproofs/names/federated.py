"""Federated learning: what is chosen before FedAvg and personalisation, and what is measured after them."""

from __future__ import annotations

from ftproofs.names.kinds import REQUIRED, Experiment, Measurement, Parameter, Value

TUNINGS = ("dimension", "plain", "inverse")
YES_NO = ("no", "yes")

FEDERATED_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "clients",
        "number of clients FedAvg trains on; infinite: the server has the global model",
        "M",
        "integer",
        "positive",
        1,
        shapes=True,
        infinite=True,
    ),
    Parameter("client_radius", "norm of a client's own deviation from the global model", r"r_{\mathrm{c}}"),
    Parameter("local_steps", "gradient steps of a client in one round", "K", "integer", "positive", 1, shapes=True),
    Parameter(
        "local_step",
        "a client's step size in units of 2/s, s the largest curvature of any client's loss",
        r"\bar\eta_{\mathrm{c}}",
        sign="positive",
        high=1.0,
    ),
    Parameter(
        "participation",
        "share of the clients, at least one, that are drawn in each of the first 64 rounds; then all take part",
        r"\varphi",
        sign="positive",
        high=1.0,
    ),
    Parameter(
        "participates",
        "whether the client that is personalised is the first one of FedAvg (yes) or a new one (no)",
        r"\mathrm{in}",
        "choice",
        choices=YES_NO,
    ),
    Parameter(
        "tuning",
        "the ridge of tuned_risk: sigma^2 d/(n r^2) (dimension), sigma^2/r^2 (plain), sigma^2 n/(d r^2) (inverse)",
        r"\mathrm{tune}",
        "choice",
        choices=TUNINGS,
    ),
)

_SOURCE = (("source_norm", 1),)

FEDERATED_MEASUREMENTS: tuple[Measurement, ...] = (
    Measurement(
        "server_error",
        "squared distance of the server's model from the global model",
        r"\lVert\hat\theta_0-\theta_0\rVert^2",
        (("source_norm", 2),),
    ),
    Measurement(
        "pooled_gap",
        "distance of the server's model from least squares on all clients' data pooled",
        r"\lVert\hat\theta_0-\hat\theta_{\mathrm{pool}}\rVert",
        _SOURCE,
    ),
    Measurement(
        "sampled_gap",
        "distance of the server's model after the rounds with sampled clients from where it ends",
        r"\lVert\hat\theta_0^{(64)}-\hat\theta_0\rVert",
        _SOURCE,
    ),
    Measurement(
        "ridge_bias",
        "squared norm of n ridge (X'X + n ridge I)^-1 delta: what a ridge toward the server's model keeps of the "
        "client's difference",
        r"\lVert n\lambda(X^\top X+n\lambda I)^{-1}\delta\rVert^2",
        (("target_norm", 2),),
    ),
    Measurement(
        "ridge_noise",
        "squared norm of (X'X + n ridge I)^-1 X' eps: what it lets in of the labels' noise",
        r"\lVert(X^\top X+n\lambda I)^{-1}X^\top\varepsilon\rVert^2",
        (("target_norm", 2),),
    ),
    Measurement(
        "tuned_risk",
        "risk of fine-tuning the same client with the ridge that tuning says",
        r"R_{\mathrm{tuned}}",
        (("target_norm", 2),),
    ),
)

_CLIENTS: dict[str, Value] = {
    "n": REQUIRED,
    "d": REQUIRED,
    "source_norm": 1.0,
    "client_radius": 1.0,
    "sigma": 0.0,
    "local_steps": 1,
    "local_step": 0.5,
    "participation": 1.0,
}

FEDERATED_EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        "federated.server",
        "FedAvg on linear models of the clients, in rounds of local steps, to its fixed point",
        {**_CLIENTS, "clients": 16},
        ("server_error", "pooled_gap", "sampled_gap", "beta_norm"),
        ("descent",),
        shares=False,
    ),
    Experiment(
        "federated.finetune",
        "FedAvg to its fixed point, then one client's fine-tuning from it (ridge = 0: FTFA) or ridge toward it (RTFA)",
        {**_CLIENTS, "clients": 100, "ridge": 0.0, "tuning": "dimension", "participates": "no"},
        (
            "risk",
            "tuned_risk",
            "start_risk",
            "server_error",
            "pooled_gap",
            "train_loss",
            "initial_loss",
            "beta_norm",
            "delta_norm",
            "perp_delta_norm",
            "delta_risk",
            "noise_risk",
            "noise_trace",
            "fit_gap",
            "perp_gap",
            "target_gap",
            "ridge_bias",
            "ridge_noise",
        ),
        ("descent",),
    ),
)
