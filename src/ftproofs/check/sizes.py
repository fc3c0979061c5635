"""The ladder of sizes of a claim about a limit, at the ratio of a setting."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from ftproofs.check.draws import Parameters
from ftproofs.check.links import oracle_at
from ftproofs.claim import LADDER_SPAN, Claim, Domain, Limit
from ftproofs.decision import Ladder
from ftproofs.errors import UsageError
from ftproofs.numeric.experiments import LAW

#: The smallest size of a ladder: this, and this over |1 - gamma|, and the claim's ``samples`` over gamma.
SMALLEST = 32
GAP = 16

#: The number of sizes, where they end, and where they may end at most to span enough.
COUNT = 5
TOP = 512
LARGEST = 1024

#: Further sizes of a ladder whose draws cost the same at every size, in units of its last.
FAR = (2, 4, 8)

#: At ratios n/d with a denominator up to this there are ladders on which n/d is exact.
EXACT = 64

#: Sizes may move by this share to where gamma d is closer to an integer.
NUDGE = 0.06


def check_domain(claim: Claim) -> Domain:
    """The domain with d at a size of its own, so that settings can be drawn: ``gamma`` and that d fix n.

    Raises:
        UsageError: FT215 the domain has n or d, or no gamma.
    """
    named = [name for name in ("n", "d") if name in claim.domain]
    if named or "gamma" not in claim.domain:
        found = " and ".join(named) or "no gamma"
        raise UsageError("FT215", f"a claim about a limit has gamma and neither n nor d in its domain, found {found}")
    assert isinstance(claim.quantifier, Limit)
    return claim.domain.with_ranges(d=max(claim.quantifier.sizes or (TOP,)))


def at_size(parameters: Parameters, d: int) -> Parameters:
    """The setting at another size: ``n = round(gamma d)``, everything else the same."""
    gamma = int(parameters["n"]) / int(parameters["d"])
    return parameters | {"n": max(1, round(gamma * d)), "d": d}


def ladder_of(claim: Claim, parameters: Parameters, largest: int = TOP) -> tuple[int, ...]:
    """The sizes of a setting's ladder, increasing: the claim's own, or five up to ``largest``.

    The smallest size is max(32, 16/|1 - gamma|, samples/gamma), where the design is well away
    from square; the ladder spans a factor of at least 8.  Sizes are moved by a few
    percent to where rounding n = gamma d matters least.

    Raises:
        UsageError: FT210 a size below the smallest admissible one, or a ladder that would end beyond 1024.
    """
    assert isinstance(claim.quantifier, Limit)
    gamma = int(parameters["n"]) / int(parameters["d"])
    least = max(SMALLEST, GAP / abs(1 - gamma) if gamma != 1 else math.inf, claim.quantifier.samples / gamma)
    if claim.quantifier.sizes is not None:
        given = tuple(sorted(set(claim.quantifier.sizes)))
        if given[0] + 1 <= least:
            needed = f"the smallest size is {math.ceil(least)}" if math.isfinite(least) else "no size is large enough"
            raise UsageError("FT210", f"at gamma = {gamma:.4g} {needed}, got sizes from {given[0]}")
        return given
    if not LADDER_SPAN * least <= LARGEST:
        raise UsageError(
            "FT210", f"at gamma = {gamma:.4g} sizes from {least:.0f} to {LARGEST} do not span {LADDER_SPAN}"
        )
    smallest = math.ceil(least)
    wanted = np.geomspace(smallest, max(largest, LADDER_SPAN * smallest), COUNT)
    sizes = [smallest]
    for size in wanted[1:-1]:
        near = range(math.ceil(size * (1 - NUDGE)), math.floor(size * (1 + NUDGE)) + 1)
        sizes.append(min(near, key=lambda d: (round(abs(gamma * d - round(gamma * d)), 9), abs(d - size))))
    return (*sizes, round(wanted[-1]))


def ladder_at(claim: Claim, parameters: Parameters, largest: int = TOP) -> Ladder:
    """The ladder of a setting, of scale 1: `ladder_of`, and larger sizes where draws cost the same at every size."""
    sizes = ladder_of(claim, parameters, largest)
    assert isinstance(claim.quantifier, Limit)
    ends = (at_size(parameters, sizes[0]), at_size(parameters, sizes[-1]))
    if largest < TOP or claim.quantifier.sizes is not None or any(oracle_at(claim, p) != LAW for p in ends):
        return Ladder(sizes, 1.0)
    return Ladder((*sizes, *(sizes[-1] * factor for factor in FAR)), 1.0, even=True, confirmed=len(sizes))


def exact_ladder(claim: Claim, parameters: Parameters, largest: int = TOP) -> tuple[int, ...]:
    """A ladder on which n/d is the same at every size, where there is one; else that of `ladder_of`.

    Near a boundary a ratio that is off by a rounding may lie on its other side.
    """
    assert isinstance(claim.quantifier, Limit)
    ratio = Fraction(int(parameters["n"]), int(parameters["d"]))
    if claim.quantifier.sizes is not None or ratio.denominator > EXACT or ratio == 1:
        return ladder_of(claim, parameters, largest)
    unit = ratio.denominator
    smallest = unit * math.ceil(
        max(SMALLEST, float(GAP / abs(1 - ratio)), float(claim.quantifier.samples / ratio)) / unit
    )
    if LADDER_SPAN * smallest > LARGEST:
        return ladder_of(claim, parameters, largest)
    wanted = np.geomspace(smallest, unit * math.ceil(max(largest, LADDER_SPAN * smallest) / unit), COUNT)
    return tuple(sorted({unit * round(size / unit) for size in wanted}))


def at_exact_ratio(parameters: Parameters) -> Parameters:
    """The setting with n moved to the nearest one that makes the denominator of n/d at most `EXACT`."""
    d = int(parameters["d"])
    step = d // math.gcd(d, EXACT)
    return parameters | {"n": max(1, round(int(parameters["n"]) / step)) * step}
