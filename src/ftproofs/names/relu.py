"""What is chosen for ReLU networks, what is read after their training, and their experiments."""

from __future__ import annotations

from ftproofs.names.kinds import INFINITE, REQUIRED, Experiment, Measurement, Parameter, Value

SHAPES = ("linear", "absolute", "quadratic")
READOUTS = ("equal", "unequal")
SCALES = ("readout", "equal", "mixed")
CLUSTERS = ("spread", "outlier")

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "m",
        "width of a ReLU network (even where it starts from pairs of neurons); smallest width of a ladder m, 2m, 4m, "
        "8m; of a leaky-ReLU network the neurons of each sign",
        "m",
        "integer",
        "positive",
        1,
        shapes=True,
    ),
    Parameter(
        "labels",
        "the labels' difference from the start as a function of z = delta'x: z (linear), |z| (absolute), z^2 "
        "(quadratic)",
        r"\mathrm{labels}",
        "choice",
        choices=SHAPES,
    ),
    Parameter("slope", "slope of a leaky ReLU below 0 (0: ReLU)", "a", high=1.0),
    Parameter(
        "spread",
        "distance of a cluster's neurons from its centre at the start of training, in units of the centre's length",
        r"\varsigma",
    ),
    Parameter(
        "readout",
        "output weights of a leaky-ReLU network: all 1 (equal) or uniform in [1/2, 2] (unequal)",
        r"\mathrm{readout}",
        "choice",
        choices=READOUTS,
    ),
    Parameter(
        "scales",
        "neurons of a cluster at the start: its centre times the output weight (readout), times 1 (equal), times the "
        "output weight with a random sign (mixed)",
        r"\mathrm{scales}",
        "choice",
        choices=SCALES,
    ),
    Parameter(
        "cluster",
        "both clusters spread about their centres (spread), or one along an axis with a single neuron on the other "
        "side, the other at 0 (outlier)",
        r"\mathrm{cluster}",
        "choice",
        choices=CLUSTERS,
    ),
)

_TARGET = (("target_norm", 1),)
_SOURCE = (("source_norm", 1),)

MEASUREMENTS: tuple[Measurement, ...] = (
    Measurement(
        "tangent_kernel",
        "product of the derivatives, in the first layer at its random start, of a ReLU network's outputs at two "
        "inputs; mean over n pairs of unit inputs at the angle theta",
        r"\langle\nabla f(x),\nabla f(x')\rangle",
        sign="real",
    ),
    Measurement(
        "kernel_gap",
        "rms over fresh inputs of the fine-tuned network minus its start minus the kernel prediction K(x, X) H^-1 r, "
        "r = y - f_S(X)",
        r"\lVert f_{\mathrm{ft}}-f_S-K_XH^{-1}r\rVert",
        _TARGET,
    ),
    Measurement(
        "both_layers_gap",
        "the same with the kernel of both layers",
        r"\lVert f_{\mathrm{ft}}-f_S-K_X'H'^{-1}r\rVert",
        _TARGET,
    ),
    Measurement(
        "no_start_gap",
        "the same without the start f_S(x) in the prediction",
        r"\lVert f_{\mathrm{ft}}-K_XH^{-1}r\rVert",
        _TARGET,
    ),
    Measurement(
        "kernel_rate",
        "least-squares slope of ln kernel_gap in ln width over the widths m, 2m, 4m, 8m",
        r"\frac{\Delta\ln\lVert f_{\mathrm{ft}}-f_S-K_XH^{-1}r\rVert}{\Delta\ln m}",
        sign="real",
    ),
    Measurement(
        "both_layers_rate",
        "the same of both_layers_gap",
        r"\frac{\Delta\ln\lVert f_{\mathrm{ft}}-f_S-K_X'H'^{-1}r\rVert}{\Delta\ln m}",
        sign="real",
    ),
    Measurement(
        "no_start_rate",
        "the same of no_start_gap",
        r"\frac{\Delta\ln\lVert f_{\mathrm{ft}}-K_XH^{-1}r\rVert}{\Delta\ln m}",
        sign="real",
    ),
    *(
        Measurement(
            name,
            f"the same of the relative distance of the squared movement from {of}",
            rf"\frac{{\Delta\ln|\lVert W_{{\mathrm{{ft}}}}-W_S\rVert_F^2/{by}-1|}}{{\Delta\ln m}}",
            sign="real",
        )
        for name, of, by in (
            ("movement_rate", "r'H^-1 r", r"r^\top H^{-1}r"),
            ("both_movement_rate", "the same with the kernel of both layers", r"r^\top H'^{-1}r"),
            ("form_rate", "r'H r", r"r^\top Hr"),
        )
    ),
    Measurement("movement", "squared movement of the first layer", r"\lVert W_{\mathrm{ft}}-W_S\rVert_F^2", _TARGET),
    Measurement(
        "label_energy", "r'H^-1 r of the residual r before fine-tuning", r"r^\top H^{-1}r", (("target_norm", 2),)
    ),
    Measurement(
        "both_layers_energy", "the same with the kernel of both layers", r"r^\top H'^{-1}r", (("target_norm", 2),)
    ),
    Measurement("label_form", "r'H r of that residual", r"r^\top Hr", (("target_norm", 2),)),
    Measurement("par_delta_norm", "norm of target minus source inside the span", r"\lVert P\delta\rVert", _SOURCE),
    Measurement(
        "clipped_risk",
        "mean over fresh inputs of the smaller of 1 and the distance from the target's label",
        r"\mathbb{E}_x\min(1,|f(x)-\theta_T^\top x|)",
    ),
    Measurement(
        "least_slope",
        "least value over fresh inputs of N(x) over the linear rule l(x), clusters weighted by the output weights",
        r"\min_xN(x)/\ell(x)",
        sign="real",
    ),
    Measurement("greatest_slope", "the largest", r"\max_xN(x)/\ell(x)", sign="real"),
    Measurement(
        "linear_agreement",
        "share of fresh inputs at which N has the linear rule's sign",
        r"\Pr(N\ell>0)",
    ),
    Measurement(
        "certified_agreement",
        "share of those inputs x with slope |l(x)| > spread |x| at which N has the sign of l, the difference of the "
        "clusters' centroids at x; spread: the mean distances of the neurons from them, added; 1 without such inputs",
        r"\Pr(N\bar\ell>0\mid a|\bar\ell|>\epsilon\lVert x\rVert)",
    ),
    Measurement(
        "unscaled_agreement",
        "the same with 1 in place of the slope",
        r"\Pr(N\bar\ell>0\mid|\bar\ell|>\epsilon\lVert x\rVert)",
    ),
    Measurement(
        "certified_share",
        "share of fresh inputs x with slope |l(x)| > spread |x|",
        r"\Pr(a|\bar\ell|>\epsilon\lVert x\rVert)",
    ),
    Measurement(
        "linear_misfit",
        "what the best linear function of x misses of N at fresh inputs, relative",
        r"\min_\beta\lVert N-\beta^\top x\rVert/\lVert N\rVert",
    ),
)

_TEACHERS: dict[str, Value] = {
    "n": REQUIRED,
    "d": REQUIRED,
    "theta": REQUIRED,
    "source_norm": 1.0,
    "target_norm": 1.0,
    "sigma": 0.0,
}

RELU_EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        "relu.tangent",
        "a random two-layer ReLU network at its start, differentiated in the first layer at pairs of unit inputs",
        {"n": 1, "d": REQUIRED, "m": REQUIRED, "theta": REQUIRED},
        ("tangent_kernel",),
        ("gradient",),
        solver=False,
        shares=False,
    ),
    Experiment(
        "relu.finetune",
        "wide two-layer ReLU network on unit inputs, first layer fine-tuned by gradient descent from the source "
        "(gamma_s = inf: built to be exactly the source teacher; else trained on source data)",
        {**_TEACHERS, "m": REQUIRED, "gamma_s": INFINITE},
        (
            "kernel_gap",
            "both_layers_gap",
            "no_start_gap",
            "movement",
            "label_energy",
            "both_layers_energy",
            "label_form",
            "delta_norm",
        ),
        ("descent",),
        solver=False,
        shares=False,
    ),
    Experiment(
        "relu.widths",
        "the same at the widths m, 2m, 4m, 8m on the same data",
        {**_TEACHERS, "m": REQUIRED, "gamma_s": INFINITE},
        (
            "kernel_rate",
            "both_layers_rate",
            "no_start_rate",
            "movement_rate",
            "both_movement_rate",
            "form_rate",
        ),
        ("descent",),
        solver=False,
        shares=False,
    ),
    Experiment(
        "relu.infinite",
        "its limit of infinite width from an exactly linear start: kernel regression, by gradient descent in the space "
        "of functions",
        {**_TEACHERS, "labels": "linear", "deviation": 2.0},
        ("label_energy", "label_form", "clipped_risk", "par_delta_norm", "delta_norm"),
        ("descent",),
        shares=False,
    ),
    Experiment(
        "leaky-relu.train",
        "two-layer leaky-ReLU classifier, labels by a linear teacher, clustered first layers trained by gradient "
        "descent on the logistic loss",
        {
            "n": REQUIRED,
            "d": REQUIRED,
            "m": REQUIRED,
            "slope": 0.3,
            "init_scale": 1.0,
            "spread": 0.0,
            "readout": "equal",
            "scales": "readout",
            "cluster": "spread",
            "steps": 100,
        },
        (
            "least_slope",
            "greatest_slope",
            "linear_agreement",
            "certified_agreement",
            "unscaled_agreement",
            "certified_share",
            "linear_misfit",
        ),
        ("descent",),
        solver=False,
        shares=False,
    ),
)
