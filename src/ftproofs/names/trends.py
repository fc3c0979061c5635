"""Networks beyond the linear theory: what their trends speak of."""

from __future__ import annotations

from ftproofs.names.kinds import Experiment, Measurement, Parameter

TREND_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "samples",
        "number of samples that a network is fine-tuned on",
        r"n_{\mathrm{ft}}",
        "integer",
        "positive",
        1,
        shapes=True,
    ),
    Parameter(
        "layer_scale",
        "the random start's first layer times this, its readout divided by it: below 1 a smaller first layer",
        r"\kappa_1",
        sign="positive",
    ),
    Parameter("product_scale", "scale of the random start's layers", r"s_0", sign="positive"),
    Parameter(
        "pretrained",
        "whether the network is pretrained first, or fine-tuned from its random start",
        r"\mathrm{pre}",
        "choice",
        choices=("yes", "no"),
    ),
)

TREND_MEASUREMENTS: tuple[Measurement, ...] = (
    Measurement(
        "layer_movement",
        "how far fine-tuning moves the first layer, over its norm",
        r"\frac{\lVert\Delta W_1\rVert}{\lVert W_1\rVert}",
        (),
    ),
    Measurement("test_mse", "mean squared error on test data after fine-tuning", r"\mathrm{mse}_{\mathrm{test}}", ()),
    Measurement("fit_mse", "mean squared error on the fine-tuning data at the end", r"\mathrm{mse}_{\mathrm{fit}}", ()),
    Measurement(
        "source_mse",
        "mean squared error on the pretraining data at its end",
        r"\mathrm{mse}_{\mathrm{pre}}",
        (),
    ),
)

TREND_EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(
        "trends.digits",
        "two-layer ReLU network on scikit-learn's 8x8 digits: pretrained on ten classes to a loss of 0.03, its readout "
        "drawn anew, fine-tuned on five random classes against the others to a loss of 0.002",
        {"samples": 128, "layer_scale": 1.0, "product_scale": 0.7, "pretrained": "yes"},
        ("layer_movement", "test_mse", "fit_mse", "source_mse"),
        ("descent",),
        solver=False,
        shares=False,
        paired=("samples", "layer_scale", "product_scale", "pretrained"),
    ),
)
