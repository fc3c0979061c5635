"""The published reference values' formulas, by their names, built from `functions`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from sympy import Eq, Expr, Piecewise, Symbol, cos, sqrt, symbols

from ftproofs.symbolic import divergences, federated, transfer
from ftproofs.symbolic.bounds import localised_of, split_bound_of, trace_bound_of
from ftproofs.symbolic.functions import (
    depth_root,
    frozen_floor_of,
    isotropic_bias,
    isotropic_noise,
    norm_floor,
    null_fraction_variance,
    unbalanced_factor,
)
from ftproofs.symbolic.reference_diagonal import (
    CASES,
    REPLICA,
    REPLICA_LISTS,
    REPLICA_PARAMETERS,
    closed_forms,
    replica_expression,
    two_stage_forms,
)
from ftproofs.symbolic.relu import generalization_bound, planar_complexity, planar_prediction, product_kernel
from ftproofs.symbolic.resolution import (
    anisotropic_depth_factor,
    anisotropic_depth_risk,
    equivalent_bias,
    equivalent_noise_norm,
    equivalent_variance,
    isotropic_depth_factor,
    isotropic_depth_risk,
    kappa,
    second_dimension,
)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, its parameters in order, and the expression in them."""

    name: str
    parameters: tuple[Symbol, ...]
    expr: Expr


@dataclass(frozen=True, slots=True)
class ListFormula:
    """A formula some of whose parameters are lists of numbers, all of one length but for pairs.

    ``build`` makes the expression of the parameters in order, lists as tuples.  ``pairs`` are
    the lists of two numbers, however long the others are; the first list is none of them.
    """

    name: str
    parameters: tuple[Symbol, ...]
    lists: tuple[str, ...]
    build: Callable[..., Expr]
    pairs: tuple[str, ...] = ()

    def of(self, length: int) -> Formula:
        """The formula for lists of that length; the i-th entry of a list ``x`` is the parameter ``x_i``, from 1."""
        entries = {
            p: entries_of(p, 2 if p.name in self.pairs else length) if p.name in self.lists else (p,)
            for p in self.parameters
        }
        arguments = [entries[p] if p.name in self.lists else p for p in self.parameters]
        return Formula(self.name, tuple(x for group in entries.values() for x in group), self.build(*arguments))


def entries_of(parameter: Symbol, length: int) -> tuple[Symbol, ...]:
    """Symbols for the entries of a list, with its own assumptions."""
    return tuple(Symbol(f"{parameter.name}_{i}", **parameter.assumptions0) for i in range(1, length + 1))


def _replica(what: str, letter: str) -> ListFormula:
    """A replica observable under the name it has in one of the published cases."""
    words = what.split(" ", 1)
    name = " ".join(["replica", *words, "case", letter])
    return ListFormula(name, REPLICA_PARAMETERS, REPLICA_LISTS, partial(replica_expression, what))


def _formulas() -> dict[str, Formula | ListFormula]:
    n, d, L = symbols("n d L", integer=True, positive=True)
    sigma, delta2, A2, b2 = symbols("sigma delta2 A2 b2", nonnegative=True)
    s, a0 = symbols("s a0", positive=True)
    bias = isotropic_bias(n, d) * delta2
    risk = Piecewise((bias, Eq(sigma, 0)), (bias + isotropic_noise(n, d) * sigma**2, True))
    gamma, tau = symbols("gamma tau", positive=True)
    cosine = Symbol("cos_theta", real=True)
    k, t = Symbol("k", integer=True, nonnegative=True), Symbol("t", positive=True)
    eigenvalues = Symbol("eigenvalues", positive=True)
    delta, source, target = symbols("delta theta_S theta_T", real=True)
    factor = isotropic_depth_factor(L, gamma, s, tau, sigma)
    vectors = ("eigenvalues", "theta_S", "theta_T")
    theta, rho, v_gap = Symbol("theta", real=True), Symbol("rho", nonnegative=True), Symbol("v", nonnegative=True)
    k, ridge = Symbol("k", integer=True, positive=True), Symbol("lam", nonnegative=True)
    gamma_t, gamma_s = symbols("gamma_t gamma_s", positive=True)
    sigma_t, sigma_s = symbols("sigma_t sigma_s", nonnegative=True)
    radius = Symbol("r", positive=True)
    a, b, u = symbols("a b u", real=True)
    angles, beta, test_angle = symbols("angles beta test_angle", real=True)
    distance, failing = Symbol("delta_norm", nonnegative=True), Symbol("fail_prob", positive=True)
    table: tuple[Formula | ListFormula, ...] = (
        Formula("A3_excess_risk_isotropic_exact", (n, d, sigma, delta2), risk),
        Formula("A3_null_fraction_variance", (n, d), null_fraction_variance(n, d)),
        Formula("A6_c", (A2, b2, s, L), depth_root(L, sqrt(A2), sqrt(b2), s)),
        Formula("A6_norm_lower_bound", (b2, s, L), norm_floor(L, sqrt(b2), s)),
        ListFormula("A4_kappa", (eigenvalues, n), ("eigenvalues",), lambda values, n: kappa(n, *values)),
        ListFormula("A4_df2", (eigenvalues, n), ("eigenvalues",), lambda values, n: second_dimension(n, values)),
        ListFormula(
            "A4_bias",
            (delta, eigenvalues, n),
            ("delta", "eigenvalues"),
            lambda delta, values, n: equivalent_bias(n, values, delta),
        ),
        ListFormula(
            "A4_variance",
            (sigma, eigenvalues, n),
            ("eigenvalues",),
            lambda sigma, values, n: equivalent_variance(n, values, sigma),
        ),
        ListFormula(
            "A4_noise_norm_X+eps",
            (sigma, eigenvalues, n),
            ("eigenvalues",),
            lambda sigma, values, n: equivalent_noise_norm(n, values, sigma),
        ),
        ListFormula(
            "A5_split_bound",
            (eigenvalues, n, k, t, delta),
            ("eigenvalues", "delta"),
            lambda values, n, k, t, delta: split_bound_of(n, k, t, values, delta),
        ),
        ListFormula(
            "A5_trace_bound",
            (eigenvalues, n, t, delta2),
            ("eigenvalues",),
            lambda values, n, t, delta2: trace_bound_of(n, t, values, delta2),
        ),
        ListFormula(
            "A5_min_bound_r2",
            (eigenvalues, n, t),
            ("eigenvalues",),
            lambda values, n, t: localised_of(n, t, values),
        ),
        Formula("A7_c", (gamma, s, tau, cosine, sigma, L), factor),
        Formula(
            "A7_risk",
            (gamma, s, tau, cosine, sigma, L),
            isotropic_depth_risk(factor, gamma, s, tau, cosine, sigma),
        ),
        ListFormula(
            "A7aniso_c",
            (eigenvalues, n, source, target, sigma, L),
            vectors,
            lambda values, n, source, target, sigma, L: anisotropic_depth_factor(L, n, values, source, target, sigma),
        ),
        ListFormula(
            "A7aniso_risk",
            (eigenvalues, n, source, target, sigma, L),
            vectors,
            lambda values, n, source, target, sigma, L: anisotropic_depth_risk(L, n, values, source, target, sigma),
        ),
        Formula("A8_unbalanced_c_L2", (A2, b2, s, a0), unbalanced_factor(sqrt(A2), sqrt(b2), s, a0)),
        ListFormula("A9_frozen_floor", (eigenvalues, source, target), vectors, frozen_floor_of),
        Formula("A10_ntk", (u,), product_kernel(u)),
        ListFormula("A10_complexity", (angles, beta), ("angles", "beta"), planar_complexity, ("beta",)),
        ListFormula(
            "A10_kernel_prediction",
            (angles, beta, test_angle),
            ("angles", "beta"),
            planar_prediction,
            ("beta",),
        ),
        Formula("A10_generalisation_bound", (n, distance, failing), generalization_bound(n, distance, failing)),
        Formula("B1_scratch", (gamma, sigma), transfer.scratch_limit(gamma, 1, sigma)),
        # The handbook's part C writes gamma for d/n.
        Formula("C_m", (ridge, gamma), federated.resolvent_limit(1 / gamma, ridge)),
        Formula("C_mprime", (ridge, gamma), federated.resolvent_fall(1 / gamma, ridge)),
        Formula("C_RTFA", (radius, sigma, ridge, gamma), federated.rtfa_limit(1 / gamma, radius, sigma, ridge)),
        Formula("C_RTFA_opt", (radius, sigma, gamma), federated.best_rtfa_limit(1 / gamma, radius, sigma)),
        Formula("C_FTFA", (radius, sigma, gamma), federated.ftfa_limit(1 / gamma, radius, sigma)),
        Formula("B3_lt_exact", (n, theta, sigma), transfer.readout_risk(n, theta, 1, sigma)),
        Formula("B3_lt_variance", (n, theta, sigma), transfer.readout_variance(n, theta, 1, sigma)),
        Formula("B3_lt_ridge_asymptotic", (theta, ridge), transfer.ridge_limit(theta, 1, ridge)),
        Formula("B3_lt_ridge_exact", (n, theta, sigma, ridge), transfer.ridge_risk(n, theta, 1, sigma, ridge)),
        Formula("B3_lt_k_features", (k, n, rho, sigma), transfer.features_risk(n, k, rho, sigma)),
        Formula("B4_gamma_minus", (theta, sigma), transfer.boundary_below(theta, sigma)),
        Formula("B4_gamma_plus", (theta, sigma), transfer.boundary_above(theta, sigma)),
        Formula("B4_gamma_upper", (theta, sigma), transfer.boundary_beyond(theta, sigma)),
        Formula("B4_theta_threshold", (sigma,), transfer.threshold_angle(sigma)),
        Formula("B5_T_ft", (gamma, theta, sigma, L), transfer.depth_gain(L, gamma, 1, 1, cos(theta), sigma)),
        Formula("B5_break_even_angle", (gamma, sigma, L), transfer.break_even_angle(L, gamma, 1, 1, sigma)),
        Formula(
            "B6_T_ft_finite_source",
            (gamma_t, gamma_s, theta, sigma_t, sigma_s, L),
            transfer.fitted_gain(L, gamma_t, gamma_s, 1, 1, cos(theta), sigma_t, sigma_s),
        ),
        Formula("B7_KL", (v_gap, sigma), divergences.kullback_leibler(v_gap, sigma)),
        Formula("B7_TV", (v_gap, sigma), divergences.total_variation(v_gap, sigma)),
        Formula("B7_chi2", (v_gap, sigma), divergences.chi_squared(v_gap, sigma)),
        Formula("B7_W2sq_collinear", (a, b, sigma), divergences.wasserstein_squared_collinear(a, b, sigma)),
        *(Formula(*form) for form in (*closed_forms(), *two_stage_forms())),
        *(_replica(what, letter) for letter in CASES for what in REPLICA),
    )
    return {formula.name: formula for formula in table}


#: By the name a reference value has.
FORMULAS: Mapping[str, Formula | ListFormula] = MappingProxyType(_formulas())
