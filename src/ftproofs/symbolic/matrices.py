"""The matrices behind the names: the design, the teachers, the projectors, and what each measurement reads.

``theta_S`` is the predictor that fine-tuning starts from: the source teacher itself,
or (with finite source data) a fit to its labels, of which the teacher's own norm and
angle are no readings.  A measurement of linear regression or of a predictor at the end of training is a
norm, a squared norm or a trace of a matrix expression; `READINGS` says which.
Generic small matrices (`ftproofs.symbolic.generic`) then turn a relation between
names into a polynomial identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from sympy import Expr, Identity, MatrixSymbol, Symbol, ZeroMatrix, cos

from ftproofs.symbolic.vocabulary import v

n, d = v.n, v.d
#: Hidden width of the generic layers.
h = Symbol("h", integer=True, positive=True)

#: Design (n x d), teachers (d x 1), label noise and labels (n x 1), the trained predictor (d x 1).
X = MatrixSymbol("X", n, d)
theta_S = MatrixSymbol("theta_S", d, 1)
theta_T = MatrixSymbol("theta_T", d, 1)
eps = MatrixSymbol("epsilon", n, 1)
y = MatrixSymbol("y", n, 1)
beta = MatrixSymbol("beta", d, 1)
#: The predictor trained on the same data from scratch (d x 1).
scratch = MatrixSymbol(r"\beta_0", d, 1)
#: Sigma^(1/2), diagonal and positive: the inputs' covariance in its own basis.
root = MatrixSymbol(r"\Sigma^{1/2}", d, d)
Sigma = root * root
#: Moore-Penrose inverse (d x n), the projector on the rows of X and the one on their complement.
Xp = MatrixSymbol("X^{+}", d, n)
P = MatrixSymbol("P", d, d)
P_perp = MatrixSymbol(r"P_{\perp}", d, d)
identity = Identity(d)
delta = theta_T - theta_S
#: The projectors on the leading eigen-directions of the covariance and on the others, the tail.
head = MatrixSymbol("H", d, d)
tail = identity - head
#: The leading part of the tasks' difference, whitened: root * white = head * delta.
white = MatrixSymbol("q", d, 1)
outside = P_perp * delta

#: Lengths of the difference's part outside the span: its leading part in the covariance's norm, and as it is; its tail.
head_length = Symbol("head_length", nonnegative=True)
bare_head_length = Symbol("bare_head_length", nonnegative=True)
tail_length = Symbol("tail_length", nonnegative=True)
#: The tail part's squared length in the covariance's norm.
tail_risk = Symbol("tail_risk", nonnegative=True)
#: Products of the parts outside the span with the parts of the difference.
head_product = Symbol("head_product", real=True)
tail_product = Symbol("tail_product", real=True)

#: Any vector z of labels (n x 1); what the leading coordinates fit of it is the image ``X H X^+ z``, and the solution p
#: is the vector that the tail's Gram matrix takes to the image.
probe = MatrixSymbol("z", n, 1)
solution = MatrixSymbol("p", n, 1)
fitted = head * Xp * probe
tail_gram = X * tail * X.T

#: The lengths of z, of p, of the image, and of the leading part of X^+ z, in the covariance's norm and as it is.
probe_length = Symbol("probe_length", nonnegative=True)
solution_length = Symbol("solution_length", nonnegative=True)
image_length = Symbol("image_length", nonnegative=True)
lead_length = Symbol("lead_length", nonnegative=True)
bare_lead_length = Symbol("bare_lead_length", nonnegative=True)
#: Products of p with z and with the image.
probe_product = Symbol("probe_product", real=True)
solution_product = Symbol("solution_product", real=True)
#: The noise trace's parts, and the trace of X Sigma X' over the tail.
head_share = Symbol("head_share", nonnegative=True)
tail_share = Symbol("tail_share", nonnegative=True)
tail_energy = Symbol("tail_energy", nonnegative=True)
#: The factor of the source's part outside the span at the end of training, and what is missed outside for it.
factor = Symbol("phi", nonnegative=True)
scaled = theta_T - factor * theta_S

#: Diagonal networks: change of the penalty's slope (asinh(beta/c) - asinh(beta(0)/c))/2, at the end and at a time;
#: the time integral of the residual; the minimisers of the penalty, and of the weighted squares, over what fits.
slope_change = MatrixSymbol("slope_change", d, 1)
slope_path = MatrixSymbol("slope_path", d, 1)
multiplier = MatrixSymbol("mu", n, 1)
dual = MatrixSymbol("beta_dual", d, 1)
lazy = MatrixSymbol("beta_lazy", d, 1)

#: Ridge toward a server's model: what it keeps of the client's difference and lets in of the noise; the server's model
#: after FedAvg, and least squares on all clients' data (d x 1).
kept = MatrixSymbol("kept", d, 1)
let_in = MatrixSymbol("let_in", d, 1)
server = MatrixSymbol("server", d, 1)
pooled = MatrixSymbol("pooled", d, 1)

#: Trace of the inverse of the smaller Gram matrix, XX' (n <= d) or X'X (n >= d).
gram_inverse_trace = Symbol("tr_inverse", positive=True)
#: What is missed outside, in the covariance's norm squared, and its product with the fitted noise there.
scaled_risk = Symbol("scaled_risk", nonnegative=True)
scaled_cross = Symbol("scaled_cross", real=True)
_overlap = Symbol("overlap", real=True)
_teacher_overlap = Symbol("teacher_overlap", real=True)

#: Products with the start, which the readout experiment's measurements are quotients of.
along_start, start_energy, start_labels = (
    Symbol(name, real=True) for name in ("along_start", "start_energy", "start_labels")
)

Kind = Literal["norm", "square", "trace", "value"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A name as a number read off matrices.

    ``norm`` and ``square``: the Euclidean norm, or its square, of the vector;
    ``trace`` of the matrix; ``value`` of the 1 x 1 matrix; all times ``factor``.
    """

    kind: Kind
    matrix: Any
    factor: Expr = Symbol("n") ** 0


READINGS: Mapping[Symbol, Reading] = MappingProxyType(
    {
        v.source_norm: Reading("norm", theta_S),
        v.target_norm: Reading("norm", theta_T),
        v.risk: Reading("square", root * (beta - theta_T)),
        v.train_loss: Reading("square", X * beta - y, 1 / (2 * n)),
        v.initial_loss: Reading("square", X * theta_S - y, 1 / (2 * n)),
        v.beta_norm: Reading("norm", beta),
        v.par_beta_norm: Reading("norm", P * beta),
        v.perp_beta_norm: Reading("norm", P_perp * beta),
        v.par_source_norm: Reading("norm", P * theta_S),
        v.perp_source_norm: Reading("norm", P_perp * theta_S),
        v.par_target_norm: Reading("norm", P * theta_T),
        v.perp_target_norm: Reading("norm", P_perp * theta_T),
        v.delta_norm: Reading("norm", delta),
        v.perp_delta_norm: Reading("norm", P_perp * delta),
        v.delta_risk: Reading("square", root * P_perp * delta),
        v.swapped_delta_risk: Reading("square", P_perp * root * delta),
        v.double_delta_risk: Reading("square", Sigma * P_perp * delta),
        v.empirical_delta_risk: Reading("square", X * P_perp * delta, 1 / n),
        v.noise_risk: Reading("square", root * Xp * eps),
        v.noise_trace: Reading("trace", Xp.T * Sigma * Xp),
        v.min_norm: Reading("norm", Xp * y),
        v.fit_gap: Reading("norm", P * beta - Xp * y),
        v.perp_gap: Reading("norm", P_perp * (beta - theta_S)),
        v.target_gap: Reading("norm", P * (beta - theta_T)),
        v.pinv_noise_norm: Reading("norm", Xp * eps),
        v.kkt_gap: Reading("norm", P_perp * slope_change),
        v.path_kkt_gap: Reading("norm", P_perp * slope_path),
        v.prox_gap: Reading("norm", beta - dual),
        v.lazy_gap: Reading("norm", beta - lazy),
        v.transposed_noise_norm: Reading("norm", X.T * eps),
        v.sigma_source_norm: Reading("norm", root * theta_S),
        v.sigma_target_norm: Reading("norm", root * theta_T),
        v.sigma_product: Reading("value", theta_S.T * Sigma * theta_T),
        v.pinv_trace: Reading("trace", Xp.T * Xp),
        v.start_risk: Reading("square", root * delta),
        v.perp_product: Reading("value", (P_perp * theta_S).T * P_perp * theta_T),
        v.centred_delta_risk: Reading("value", outside.T * (Sigma - X.T * X / n) * outside),
        v.tail_delta_norm: Reading("norm", tail * delta),
        v.head_delta_norm: Reading("norm", head * delta),
        v.sigma_head_delta_norm: Reading("norm", root * head * delta),
        v.white_head_delta_norm: Reading("norm", white),
        head_length: Reading("norm", root * head * outside),
        bare_head_length: Reading("norm", head * outside),
        tail_length: Reading("norm", tail * outside),
        tail_risk: Reading("square", root * tail * outside),
        head_product: Reading("value", outside.T * head * delta),
        tail_product: Reading("value", outside.T * tail * delta),
        probe_length: Reading("norm", probe),
        solution_length: Reading("norm", solution),
        image_length: Reading("norm", X * fitted),
        lead_length: Reading("norm", root * fitted),
        bare_lead_length: Reading("norm", fitted),
        probe_product: Reading("value", solution.T * probe),
        solution_product: Reading("value", solution.T * X * fitted),
        head_share: Reading("trace", Xp.T * head * Sigma * head * Xp),
        tail_share: Reading("trace", Xp.T * tail * Sigma * tail * Xp),
        tail_energy: Reading("trace", X * tail * Sigma * tail * X.T),
        v.start_norm: Reading("norm", theta_S),
        v.start_product: Reading("value", theta_S.T * theta_T),
        v.scratch_risk: Reading("square", root * (scratch - theta_T)),
        along_start: Reading("value", theta_S.T * beta),
        start_energy: Reading("square", X * theta_S),
        start_labels: Reading("value", theta_S.T * X.T * y),
        scaled_risk: Reading("square", root * P_perp * scaled),
        scaled_cross: Reading("value", (P_perp * scaled).T * Sigma * Xp * eps),
        v.ridge_bias: Reading("square", kept),
        v.ridge_noise: Reading("square", let_in),
        v.pooled_gap: Reading("norm", server - pooled),
        _overlap: Reading("value", (P_perp * beta).T * P_perp * theta_S),
        _teacher_overlap: Reading("value", theta_S.T * theta_T),
    }
)

#: Names that are quotients or differences of readings.
QUOTIENTS: Mapping[Expr, Expr] = MappingProxyType(
    {
        v.perp_ratio: v.perp_beta_norm / v.perp_source_norm,
        v.perp_alignment: _overlap / (v.perp_beta_norm * v.perp_source_norm),
        v.transfer_gain: v.scratch_risk - v.risk,
        v.along_source: along_start / v.start_norm,
        v.excess_risk: ((along_start - _teacher_overlap) / v.start_norm) ** 2,
        v.feature_energy: start_energy / (n * v.start_norm**2),
        v.feature_product: start_labels / (n * v.start_norm),
        cos(v.theta): _teacher_overlap / (v.source_norm * v.target_norm),
    }
)

#: The zero vector of predictor space.
ZERO = ZeroMatrix(d, 1)
