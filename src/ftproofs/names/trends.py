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
    Parameter(
        "neurons",
        "hidden neurons of a two-layer network, of each sign where the readout's signs are fixed",
        r"m_{\mathrm{h}}",
        "integer",
        "positive",
        1,
        shapes=True,
    ),
    Parameter("leak", "slope below 0 of a network's leaky ReLU", r"a_{\mathrm{leak}}", high=1.0),
    Parameter(
        "teacher_margin",
        "distance from a classifying teacher's plane that training inputs have at least",
        r"\mu_0",
        high=1.0,
    ),
    Parameter("removed", "share of the target teacher's neurons that the source teacher lacks", r"\mu", high=1.0),
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
        "readout_mse",
        "mean squared error on fresh data of a readout trained alone on the pretrained layer, over the target's square",
        r"\mathrm{mse}_{\mathrm{lt}}",
    ),
    Measurement(
        "finetuned_mse",
        "the same of the whole network, fine-tuned",
        r"\mathrm{mse}_{\mathrm{ft}}",
    ),
    Measurement("fresh_mse", "the same of a network trained from scratch", r"\mathrm{mse}_{\mathrm{sc}}"),
    Measurement(
        "cluster_cosine",
        "smallest cosine between first-layer weights of two neurons of one sign",
        r"\min_{i,j}\cos\angle(w_i,w_j)",
        sign="real",
    ),
    Measurement(
        "rule_agreement",
        "share of fresh inputs at which the classifier has the sign of the linear rule of its weighted centroids",
        r"\Pr(N\,\bar\ell>0)",
    ),
    Measurement("fit_accuracy", "share of the training inputs that are classified right", r"\mathrm{acc}"),
    Measurement(
        "source_mse",
        "mean squared error on the pretraining data at its end",
        r"\mathrm{mse}_{\mathrm{pre}}",
        (),
    ),
)

CLUSTERS = Experiment(
    "trends.clusters",
    "two-layer leaky-ReLU classifier with a fixed readout of both signs, labels of a linear teacher, first layer "
    "trained on the logistic loss to a loss of 0.03",
    {"samples": 100, "d": 10, "neurons": 10, "leak": 0.3, "init_scale": 1.0, "teacher_margin": 0.5},
    ("cluster_cosine", "rule_agreement", "fit_accuracy"),
    ("descent",),
    solver=False,
    shares=False,
    paired=("init_scale", "leak"),
)

TEACHERS = Experiment(
    "trends.teachers",
    "two-layer ReLU student of a two-layer ReLU teacher: pretrained on a source teacher that lacks some of its six "
    "neurons, then its readout alone, or all of it, trained on target data",
    {"samples": 240, "d": 6, "neurons": 24, "removed": 0.5},
    ("readout_mse", "finetuned_mse", "fresh_mse", "source_mse"),
    ("descent",),
    solver=False,
    shares=False,
    paired=("removed", "samples"),
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
    CLUSTERS,
    TEACHERS,
)
