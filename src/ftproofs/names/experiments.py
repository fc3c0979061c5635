"""The pipelines: which parameters they take, what they measure, how their networks can be trained."""

from __future__ import annotations

from collections.abc import Mapping

from ftproofs.names.diagonal_experiments import DIAGONAL_EXPERIMENTS
from ftproofs.names.kinds import REQUIRED, Experiment, Value, by_name

_TASK: dict[str, Value] = {
    "n": REQUIRED,
    "d": REQUIRED,
    "theta": REQUIRED,
    "source_norm": 1.0,
    "target_norm": 1.0,
    "sigma": 0.0,
    "spectrum": "isotropic",
    "alpha": 1.0,
    "spikes": 3,
    "spike_ratio": 10.0,
    "inputs": "gaussian",
    "direction": "uniform",
}
_SCRATCH_TASK = {k: v for k, v in _TASK.items() if k not in ("theta", "source_norm", "direction")}

_TARGET_SIDE = (
    "risk",
    "train_loss",
    "initial_loss",
    "beta_norm",
    "par_beta_norm",
    "perp_beta_norm",
    "par_target_norm",
    "perp_target_norm",
    "noise_risk",
    "noise_trace",
    "pinv_trace",
    "min_norm",
    "fit_gap",
    "target_gap",
    "pinv_noise_norm",
    "transposed_noise_norm",
    "kappa",
    "df2",
    "kappa_bound",
    "shrunk_target",
    "resolved_target",
)
_SOURCE_SIDE = (
    "par_source_norm",
    "perp_source_norm",
    "delta_norm",
    "perp_delta_norm",
    "delta_risk",
    "swapped_delta_risk",
    "double_delta_risk",
    "empirical_delta_risk",
    "perp_gap",
    "perp_ratio",
    "perp_alignment",
    "start_risk",
    "perp_product",
    "shrunk_source",
    "shrunk_product",
    "shrunk_delta",
    "resolved_source",
    "resolved_product",
    "resolved_delta",
)

EXPERIMENTS: Mapping[str, Experiment] = by_name(
    Experiment(
        "linear.finetune",
        "linear regression trained from the source teacher until its distance to the limit is certified",
        {**_TASK, "optimizer": "momentum"},
        _TARGET_SIDE + _SOURCE_SIDE,
        ("descent",),
    ),
    Experiment(
        "linear.scratch",
        "linear regression trained from zero until its distance to the limit is certified",
        {**_SCRATCH_TASK, "optimizer": "momentum"},
        _TARGET_SIDE,
        ("descent",),
    ),
    Experiment(
        "linear.stability",
        "linear regression from the source teacher, a fixed number of optimizer steps; divergence is a finding",
        {**_TASK, "optimizer": "gd", "step": 0.5, "weight_decay": 0.0, "steps": 2000},
        (
            "error_growth",
            "learning_rate",
            "mode_eigenvalue",
            "mode_contraction",
            "mode_filter",
            "perp_gap",
            "fit_gap",
            "train_loss",
            "initial_loss",
        ),
        ("descent",),
        solver=False,
    ),
    Experiment(
        "deep-linear.finetune",
        "depth-L linear network from balanced source weights, gradient flow on all layers to its limit",
        {**_TASK, "L": 2, "width": 1, "imbalance": 1.0},
        _TARGET_SIDE + _SOURCE_SIDE + ("path_gap", "min_beta_norm", "decay_rate", "first_layer_gap"),
        ("flow", "reduced", "descent"),
    ),
    Experiment(
        "deep-linear.frozen",
        "the same network with some of its layers frozen, gradient flow on the others to its limit",
        {
            **_TASK,
            "L": 2,
            "width": 1,
            "imbalance": 1.0,
            "frozen": 1,
            "frozen_end": "first",
            "features": "aligned",
        },
        _TARGET_SIDE + _SOURCE_SIDE + ("sigma_source_norm", "sigma_target_norm", "sigma_product"),
        ("flow",),
    ),
    *DIAGONAL_EXPERIMENTS,
)
