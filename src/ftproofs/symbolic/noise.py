"""Means over label noise on generic matrices: first and second moments put into a polynomial."""

from __future__ import annotations

from typing import Any

from sympy import sympify

from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.generic import Entries, Ring
from ftproofs.symbolic.identities import matrix_rules
from ftproofs.symbolic.vocabulary import v


def noise_mean(reading: m.Reading | None, mean: Any, size: tuple[int, int], context: Context) -> bool:
    """Whether the reading's mean over the noise is ``mean`` (a polynomial in sigma and in readings free of noise).

    Everything but the noise is held fixed: generic entries of X, teachers and Sigma^(1/2).
    """
    if reading is None:
        return False
    mean = sympify(mean)
    names = sorted(mean.free_symbols & set(m.READINGS), key=str)
    terms = mean.as_poly(*names).terms() if names else [((), mean)]
    norms = [m.READINGS[name].kind == "norm" for name in names]  # read as their squares
    if any(norm and exponent % 2 for powers, _ in terms for norm, exponent in zip(norms, powers, strict=True)):
        return False
    used = [
        reading.matrix,
        reading.factor,
        v.sigma,
        *(c for _, c in terms),
        *(m.READINGS[name].matrix for name in names),
    ]
    ring = Ring(size, used, matrix_rules(context))
    left = _averaged(ring, ring.read(reading))
    if left is None:
        return False
    right = Entries(((ring.constant(0),),))
    for monomial, coefficient in terms:
        part = Entries(((ring.scalar(coefficient),),))
        for name, norm, exponent in zip(names, norms, monomial, strict=True):
            for _ in range(exponent // 2 if norm else exponent):
                part = ring.multiply(part, ring.read(m.READINGS[name]))
        right = ring.add(right, part)
    if _noisy(ring, right):
        return False
    difference = ring.add(left, ring.multiply(right, Entries(((ring.constant(-1),),))))
    return bool(difference.rows[0][0] == 0)


def _averaged(ring: Ring, value: Entries) -> Entries | None:
    """The value with eps_i -> 0, eps_i eps_j -> sigma^2 [i = j]; None beyond second order."""
    noise = [i for i, name in enumerate(ring.generators) if name.startswith(f"{m.eps.name}[")]
    sigma = list(ring.generators).index(v.sigma.name)
    found: dict[tuple[int, ...], Any] = {}
    for exponents, coefficient in value.rows[0][0].to_dict().items():
        orders = [exponents[i] for i in noise]
        if sum(orders) > 2:
            return None
        if sum(orders) == 1 or sorted(orders)[-2:] == [1, 1]:
            continue
        new = list(exponents)
        for i in noise:
            new[i] = 0
        new[sigma] += sum(orders)
        found[tuple(new)] = found.get(tuple(new), 0) + coefficient
    return Entries(((ring.context.from_dict(found),),), value.power)


def _noisy(ring: Ring, value: Entries) -> bool:
    noise = [i for i, name in enumerate(ring.generators) if name.startswith(f"{m.eps.name}[")]
    return any(exponents[i] for exponents in value.rows[0][0].to_dict() for i in noise)
