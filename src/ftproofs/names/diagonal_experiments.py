"""The pipelines of diagonal networks; their loss is ``|y - X beta|^2 / 2`` with ``X_ij ~ N(0, 1/n)``."""

from __future__ import annotations

from ftproofs.names.kinds import INFINITE, REQUIRED, Experiment, Value

_TASK: dict[str, Value] = {
    "n": REQUIRED,
    "d": REQUIRED,
    "c": 0.1,
    "r": 0.0,
    "reinit": 0.1,
    "protocol": "S",
    "rescale": 1.0,
    "sigma": 0.0,
    "gamma_s": INFINITE,
    "sigma_s": 0.0,
    "rho_pt": 0.3,
    "rho_shared": 0.2,
    "rho_new": 0.0,
    "amplitude": "atom",
}
_TRAINED: dict[str, Value] = {**_TASK, "engine": "flow", "step": 0.25}

_SHARES = ("share_pt", "share_shared", "share_new")
_CONSERVED = (
    "c_drift",
    "r_drift",
    "drift_gap",
    "c_ratio",
    "drift_product",
    "sum_ratio",
    "sum_product",
    "difference_ratio",
    "difference_product",
)
_PATH = ("path_kkt_gap", "loss_time", "loss_decay")
_END = (
    "train_loss",
    "initial_loss",
    "beta_norm",
    "prox_gap",
    "kkt_gap",
    "lazy_gap",
    "penalty",
    "bregman",
    "loss_integral",
    "loss_area",
    "multiplier",
    "c_ft",
    "beta_start",
    "beta_end",
    "phase",
)

DIAGONAL_EXPERIMENTS = (
    Experiment(
        "diagonal.scratch",
        "diagonal network from a symmetric start of scale c, trained on the target task to its limit",
        _TRAINED,
        ("mse", *_END, *_PATH, *_CONSERVED, *_SHARES),
        ("flow", "reduced", "descent"),
    ),
    Experiment(
        "diagonal.pretrain",
        "diagonal network from a symmetric start of scale c, trained on the source task to its limit",
        _TRAINED,
        ("pretrain_mse", *_END, *_PATH, *_CONSERVED, *_SHARES),
        ("flow", "reduced", "descent"),
    ),
    Experiment(
        "diagonal.finetune",
        "the same, then re-initialised (and rescaled) and trained on the target task to its limit; measured along "
        "the second training",
        _TRAINED,
        (
            "mse",
            "scratch_mse",
            "transfer_gain",
            "pretrain_mse",
            "beta_pt",
            *_END,
            *_PATH,
            *_CONSERVED,
            *_SHARES,
        ),
        ("flow", "reduced", "descent"),
    ),
    Experiment(
        "diagonal.multitask",
        "diagonal network with a shared first layer and a readout for each of the two tasks, trained on both at once",
        _TRAINED,
        (
            "mse",
            "aux_mse",
            "train_loss",
            "initial_loss",
            "weight_norm",
            "group_norm",
            "split_norm",
            "least_weight_norm",
            *_SHARES,
        ),
        ("flow",),
        solver=False,
    ),
    Experiment(
        "diagonal.scalar",
        "one coordinate: pretrained to beta_aux, re-initialised, fine-tuned to beta_main on a design of one column of "
        "squared length curvature; the orders from trainings at nearby values",
        {
            "c": 0.1,
            "r": 0.0,
            "reinit": 0.1,
            "protocol": "S",
            "rescale": 1.0,
            "beta_aux": REQUIRED,
            "beta_main": REQUIRED,
            "curvature": 1.0,
            "time": 1.0,
        },
        (
            "c_ft",
            "beta_pt",
            "beta_start",
            "beta_end",
            "beta_time",
            "phase",
            "penalty",
            "bregman",
            "loss_integral",
            "loss_area",
            "order",
            "dependence",
            "scale_order",
            "reinit_order",
            "c_drift",
            "r_drift",
            "drift_gap",
        ),
        ("flow", "reduced"),
        solver=False,
    ),
    Experiment(
        "replica.finetune",
        "where diagonal fine-tuning ends, for many draws by the dual solver",
        _TASK,
        (
            "mse",
            "scratch_mse",
            "transfer_gain",
            "pretrain_mse",
            "penalty",
            "multiplier",
            "beta_norm",
            "prox_gap",
            *_SHARES,
        ),
        ("flow", "reduced"),
    ),
)
