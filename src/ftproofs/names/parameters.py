"""What is chosen before training."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ftproofs.names.federated import FEDERATED_PARAMETERS
from ftproofs.names.kinds import Parameter, by_name
from ftproofs.names.relu import PARAMETERS as RELU
from ftproofs.names.trends import TREND_PARAMETERS

OPTIMIZERS = ("gd", "momentum", "sgd", "adam", "flow")
SPECTRA = ("isotropic", "power-law", "spiked")
INPUTS = ("gaussian", "sphere", "population")
ENDS = ("first", "last")
FEATURES = ("aligned", "full-rank")
TOWARD = ("source", "zero")
STARTS = ("gaussian", "orthonormal")
DIRECTIONS = ("uniform", "top", "resolution", "tail")
PROTOCOLS = ("S", "M", "R", "N", "readout")
AMPLITUDES = ("atom", "gauss")
ENGINES = ("flow", "descent")

PARAMETERS: Mapping[str, Parameter] = by_name(
    Parameter("n", "number of target samples", "n", "integer", "positive", 1, shapes=True),
    Parameter("d", "input dimension", "d", "integer", "positive", 1, shapes=True),
    Parameter("gamma", "samples over dimension, n/d", r"\gamma", sign="positive"),
    Parameter(
        "theta",
        "angle between source and target teacher, radians",
        r"\theta",
        low=0.0,
        high=math.pi,
    ),
    Parameter("source_norm", "norm of the source teacher", "s", sign="positive"),
    Parameter("target_norm", "norm of the target teacher", r"\tau", sign="positive"),
    Parameter("sigma", "standard deviation of the target labels' noise", r"\sigma"),
    Parameter(
        "spectrum",
        "eigenvalues of the inputs' covariance",
        r"\mathrm{spec}(\Sigma)",
        "choice",
        choices=SPECTRA,
    ),
    Parameter("alpha", "power-law exponent: eigenvalues i^-alpha", r"\alpha"),
    Parameter("spikes", "number of large eigenvalues (spiked)", r"k_\lambda", "integer"),
    Parameter("spike_ratio", "a large eigenvalue over a small one (spiked)", r"\lambda_1", sign="positive"),
    Parameter(
        "inputs",
        "rows Sigma^(1/2) z with z standard normal (gaussian) or uniform of norm sqrt(d) (sphere); "
        "population: X'X/n = Sigma exactly, needs n = d",
        r"\mathrm{inputs}",
        "choice",
        choices=INPUTS,
    ),
    Parameter(
        "direction",
        "where target minus source lies: uniform (anywhere), or a uniformly random direction in the span of an eighth "
        "of the covariance's eigenvectors: those of the largest eigenvalues (top), of those nearest to kappa "
        "(resolution, n < d), of the smallest (tail)",
        r"\mathrm{dir}(\delta)",
        "choice",
        choices=DIRECTIONS,
    ),
    Parameter("L", "depth", "L", "integer", "positive", 1, shapes=True),
    Parameter("width", "hidden width (1: the exact chain)", "h", "integer", "positive", 1, shapes=True),
    Parameter(
        "imbalance",
        "L = 2 only: the start's readout is imbalance * sqrt(source_norm) (1: balanced)",
        r"\alpha_0",
        sign="positive",
    ),
    Parameter("frozen", "number of layers that are not trained", "k", "integer", "positive", 1, shapes=True),
    Parameter(
        "frozen_end",
        "whether the first or the last layers are frozen",
        r"\mathrm{end}",
        "choice",
        choices=ENDS,
        shapes=True,
    ),
    Parameter(
        "features",
        "the frozen layers: aligned with the source (balanced) or of full rank, the predictor being the same",
        r"\mathrm{feat}",
        "choice",
        choices=FEATURES,
        shapes=True,
    ),
    Parameter(
        "optimizer",
        "gd (full batch), momentum (heavy ball), sgd (one sample a step), adam, flow (gradient flow)",
        r"\mathrm{opt}",
        "choice",
        choices=OPTIMIZERS,
        shapes=True,
    ),
    Parameter(
        "step",
        "step size in units of 2n/s_max(X)^2, where gradient descent stops converging; of a diagonal network in units "
        "of 2/(s_max(X)^2 max_i D_i), D_i = 2 sqrt(c_i^2 + b_i^2), b_i the larger coefficient of start and teacher",
        r"\bar\eta",
        sign="positive",
    ),
    Parameter("weight_decay", "coefficient of the L2 penalty's gradient", r"\omega"),
    Parameter("steps", "number of optimizer steps", "T", "integer", "positive", 1, shapes=True),
    Parameter(
        "split",
        "number of leading eigen-directions of the covariance, those of its largest eigenvalues, that are set apart",
        "k",
        "integer",
        shapes=True,
    ),
    Parameter(
        "deviation",
        "standard deviations by which a Gaussian extreme may miss its mean",
        "t",
        sign="positive",
    ),
    Parameter(
        "gamma_s",
        "source samples over dimension, n_s = round(gamma_s d); infinite: the population",
        r"\gamma_s",
        sign="positive",
        infinite=True,
    ),
    Parameter("sigma_s", "standard deviation of the source labels' noise (finite source data)", r"\sigma_s"),
    Parameter(
        "init_scale",
        "entries of the random start of pretraining are N(0, init_scale^2), independent; 0: its limit, balanced layers "
        "of rank one",
        r"\alpha",
    ),
    Parameter("ridge", "penalty: the normal matrix is Z'Z + n ridge I", r"\lambda"),
    Parameter(
        "toward",
        "where the ridge penalty pulls: to the source or to zero",
        r"\mathrm{toward}",
        "choice",
        choices=TOWARD,
    ),
    Parameter(
        "start",
        "of pretraining, with a = init_scale: entries N(0, a^2) (gaussian), or at L = 2 a first layer a O with "
        "orthonormal columns and a readout of length a (orthonormal, width <= d)",
        r"\mathrm{start}",
        "choice",
        choices=STARTS,
    ),
    Parameter("c", "diagonal networks: scale w0^2 + v0^2 of the symmetric start", "c", sign="positive"),
    Parameter(
        "r",
        "diagonal networks: relative scale (w0^2 - v0^2)/c of the start; negative: smaller first layer",
        "r",
        sign="real",
        low=-1.0,
        high=1.0,
    ),
    Parameter(
        "r_other",
        "the same of a second diagonal network, trained on the same data",
        r"r'",
        sign="real",
        low=-1.0,
        high=1.0,
    ),
    Parameter("reinit", "diagonal networks: value of the re-initialised readout", r"\gamma_{\mathrm{re}}"),
    Parameter(
        "protocol",
        "re-initialisation of a diagonal network after pretraining, readouts set to reinit: both first layers set to "
        "their sum (S), their mean (M), their rms (R), or kept (N); readout: as S, and the first layers stay frozen",
        r"\mathrm{protocol}",
        "choice",
        choices=PROTOCOLS,
        shapes=True,
    ),
    Parameter(
        "rescale",
        "factor on a diagonal network's first layers after re-initialisation",
        r"\alpha_w",
        sign="positive",
    ),
    Parameter("beta_aux", "coefficient of the pretraining task", r"\beta_{\mathrm{aux}}", sign="real", low=-math.inf),
    Parameter("beta_main", "coefficient of the fine-tuning task", r"\beta_{\mathrm{main}}", sign="real", low=-math.inf),
    Parameter("curvature", "squared length of the one column of a scalar task's design", "h", sign="positive"),
    Parameter("time", "when fine-tuning is looked at on its way", "t", sign="positive"),
    Parameter(
        "rho_pt",
        "density of pretrained features; round(rho_pt d) coordinates are +-1/sqrt(their density)",
        r"\rho_{\mathrm{pt}}",
        high=1.0,
    ),
    Parameter(
        "rho_shared",
        "share of the pretrained coordinates on which the target is active (rounded to a count)",
        r"\rho_{\mathrm{sh}}",
        high=1.0,
    ),
    Parameter(
        "rho_new",
        "share of the other coordinates on which the target is active (rounded to a count)",
        r"\rho_{\mathrm{new}}",
        high=1.0,
    ),
    Parameter(
        "amplitude",
        "law of the target's active coefficients, of unit second moment a coordinate over all coordinates: +-b (atom) "
        "or normal (gauss)",
        r"\mathrm{amplitude}",
        "choice",
        choices=AMPLITUDES,
    ),
    Parameter(
        "engine",
        "what trains: gradient flow (flow), or gradient descent at the size of step (descent)",
        r"\mathrm{engine}",
        "choice",
        choices=ENGINES,
        shapes=True,
    ),
    *FEDERATED_PARAMETERS,
    *TREND_PARAMETERS,
    *RELU,
)
