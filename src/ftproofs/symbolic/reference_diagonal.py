"""The published reference values of diagonal networks and of the replica: names, parameters, expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sympy import Expr, Rational, Symbol, symbols

from ftproofs.symbolic import finetuning as f
from ftproofs.symbolic import replica
from ftproofs.symbolic.penalty import order, penalty, prox, prox_slope
from ftproofs.symbolic.recovery import recovery_alpha, recovery_density, recovery_threshold
from ftproofs.symbolic.replica_limits import ridgeless_error, ridgeless_error_exact

#: A name, its parameters in order, and the expression in them.
Closed = tuple[str, tuple[Symbol, ...], Expr]


def closed_forms() -> Iterator[Closed]:
    """The formulas with numbers as parameters."""
    x, b, a, m, z, beta = symbols("x b a m z beta_PT", real=True)
    c, c_pt, s, t, theta, delta, eps = symbols("c c_PT s t theta delta eps", positive=True)
    r = Symbol("r", real=True)
    gamma, sigma, moment = symbols("gamma sigma EB2", nonnegative=True)
    n, d = symbols("n d", integer=True, positive=True)
    weights = symbols("w_plus w_minus v_plus v_minus", real=True)
    pretrained, general = (beta, c_pt, r, gamma), (c_pt, r, beta)
    scale = f.scale_after("S", c_pt, r, beta, gamma)
    yield "q", (x, c), penalty(x, c)
    yield "l_order", (x, c), order(x, c)
    yield "c_FT", pretrained, scale
    yield "sqrt_k_FT (=2 c_FT)", pretrained, 2 * scale
    yield "elasticity", pretrained, f.elasticity("S", c_pt, r, beta, gamma)
    yield "feature_dependence", (x, *pretrained), f.dependence("S", *general, x, gamma)
    yield "prox", (z, theta, c), prox(z, theta, c)
    yield "prox_prime", (z, theta, c), prox_slope(z, theta, c)
    yield "mtl_penalty 2sqrt(a^2+m^2)", (a, m), f.group_norm(a, m)
    yield "mtl_l_order 1+|a|/s", (a, m), 1 - f.multitask_dependence(a, m)
    yield "mtl_FD -|a|/s", (a, m), f.multitask_dependence(a, m)
    yield "riccati beta(t)", (b, s, c, t), f.scalar_path(b, c, s**2, t)
    yield "c_eff unbalanced", weights, f.effective_scale(*weights)
    yield "phi unbalanced", weights, f.effective_phase(*weights)
    yield "ridgeless mse", (delta, sigma, moment), ridgeless_error(delta, sigma, moment)
    yield "ridgeless finite-size exact mse", (d, n, sigma, moment), ridgeless_error_exact(n, d, sigma, moment)
    yield "M(eps) l1 recovery threshold", (eps,), recovery_threshold(eps)
    yield "M(eps) minimiser alpha", (eps,), recovery_alpha(eps)
    yield "Donoho-Tanner eps at delta=1/2", (delta,), recovery_density(delta)
    yield "c_FT conv M (w_F=(w+ + w-)/2)", pretrained, f.scale_after("M", c_pt, r, beta, gamma)
    yield "c_FT conv R (w_F^2=(w+^2+w-^2)/2)", pretrained, f.scale_after("R", c_pt, r, beta, gamma)
    yield "beta0 conv N", pretrained, f.start_after("N", c_pt, r, beta, gamma)
    three = f.descent_path(1, 1, Rational(1, 10), Rational(3, 10), Rational(1, 5), 3)
    yield "discrete GD beta after 3 steps (X=1,y=1,eta=0.1,w=0.3,v=0.2)", (), three[0]
    yield "discrete GD c_bil after 3 steps (same)", (), three[1]


def two_stage_forms() -> Iterator[Closed]:
    """The pretraining half of the two-stage replica; its second half has no enclosure of many digits (`two_stages`)."""
    names = "rho A f_shared f_new B c_PT r gamma delta_PT sigma_PT delta_FT sigma_FT"
    parameters = tuple(Symbol(name, real=True) for name in names.split())
    rho, A, _, _, _, c, _, _, delta, sigma, _, _ = parameters
    zero = Rational(0)
    args = (delta, sigma, zero, rho, c, A, zero, 1 - rho, c, zero, zero)
    yield "two-stage PT tau", parameters, replica.replica_tau(*args)
    yield "two-stage PT theta", parameters, replica.replica_theta(*args)


#: What is asked of a replica case, by the words of its name.
REPLICA = {
    "tau": replica.replica_tau,
    "theta": replica.replica_theta,
    "mse": replica.replica_mse,
    "Q_per_d": replica.replica_penalty,
    "|mu|^2/n": replica.replica_multiplier,
    "train_mse (1/n)|y-Xb|^2": replica.replica_training_error,
}
CASES = "ABCDEF"

#: The parameters of a replica case: numbers, and one list each over the groups.
REPLICA_PARAMETERS = (
    *(Symbol("delta", positive=True), Symbol("sigma", nonnegative=True), Symbol("lam", nonnegative=True)),
    *(Symbol("pi", nonnegative=True), Symbol("c", positive=True), Symbol("b", real=True), Symbol("s", real=True)),
)
REPLICA_LISTS = ("pi", "c", "b", "s")


def replica_expression(what: str, delta: Any, sigma: Any, lam: Any, *lists: Any) -> Expr:
    """A replica observable; ``lists`` are weights, scales, atoms and deviations of the groups."""
    entries = [x for group in zip(*lists, strict=True) for x in group]
    return REPLICA[what](delta, sigma, lam, *entries)
