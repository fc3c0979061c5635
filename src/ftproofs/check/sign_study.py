"""What the check of a claim about a sign looks at before it decides: settings, crossings, and a few draws of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ftproofs.check.context import Context
from ftproofs.check.crossings import Accept, Line, far, lines, movable
from ftproofs.check.draws import Parameters, chunk
from ftproofs.check.judge import Judge
from ftproofs.check.sides import effect_of
from ftproofs.check.sizes import at_exact_ratio, at_size, check_domain, exact_ladder
from ftproofs.claim import Claim, Domain, Limit, Range
from ftproofs.names import Value
from ftproofs.numeric.experiments import SOLVER
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.boundary import SignStatement

#: How far a boundary may be off, relative to the parameter that crosses it, unless the claim says otherwise.
MARGIN = 0.05

#: Draws that say how a setting looks; of a limit at the middle of its ladder, where a draw costs more and says more.
LOOKED = 256
LOOKED_LIMIT = 64

#: Nothing looks worse than this many standard deviations.
WORST = 1e6


@dataclass(frozen=True)
class Study:
    """A claim about signs with its domain (of a limit: at the largest size), constraints and margin."""

    claim: Claim
    context: Context
    domain: Domain
    accept: Accept
    margin: float

    @classmethod
    def of(cls, claim: Claim, context: Context) -> Study:
        """The study of a claim.

        Raises:
            UsageError: FT210, FT215 as for a limit.
        """
        domain = check_domain(claim) if isinstance(claim.quantifier, Limit) else claim.domain
        margin = claim.tolerance if claim.tolerance is not None else MARGIN
        return cls(claim, context, domain, _accepting(domain), margin)

    @property
    def limit(self) -> bool:
        """Whether the claim is about a limit."""
        return isinstance(self.claim.quantifier, Limit)

    def exact(self, parameters: Parameters) -> Parameters:
        """The setting, of a limit at a ratio that sizes keep exactly where the domain allows it."""
        if not self.limit or not isinstance(self.domain["gamma"], Range):
            return parameters
        moved = at_exact_ratio(parameters)
        return moved if self.accept(moved) else parameters

    def effect(self, judge: Judge, parameters: Parameters) -> float:
        """The mean of a few draws over their standard deviation; never used again for a decision."""
        count = LOOKED
        if self.limit:
            sizes = exact_ladder(self.claim, parameters)
            parameters, count = at_size(parameters, sizes[len(sizes) // 2]), LOOKED_LIMIT
        many = [parameters] * min(count, chunk(parameters))
        rows = self.context.draws(self.context.block(self.claim.experiment, many, engine=SOLVER, stage="explore"))
        found = judge.samples(rows)[0]
        return effect_of(float(found.mean()), float(found.std(ddof=1)))

    def wrongness(self, statement: SignStatement, judge: Judge, parameters: Parameters) -> float:
        """How wrong the sign looks at a setting away from the boundary, in standard deviations."""
        if not far(statement, self.domain, parameters, self.margin):
            return -WORST
        return self._against(statement.side(parameters), self.effect(judge, parameters))

    def suspect(self, statement: SignStatement, judge: Judge, parameters: Parameters) -> list[tuple[float, Line]]:
        """The crossings through a setting, one for each parameter, each with how wrong the worse of its sides looks."""
        found = []
        for name in movable(statement, self.domain):
            line = next(lines(statement, self.domain, self.accept, parameters, name, self.margin), None)
            if line is not None:
                near = (line.below, line.above)
                found.append((max(self._against(side, self.effect(judge, place)) for place, side in near), line))
        return found

    def _against(self, side: int, effect: float) -> float:
        return float(np.clip(-side * effect, -WORST, WORST))


def _accepting(domain: Domain) -> Accept:
    """Ranges and constraints as a predicate on complete settings, gamma being the realised ratio."""
    test = acceptor(domain)

    def accept(values: Mapping[str, Value]) -> bool:
        n, d = int(values["n"]), int(values["d"])
        inside = all(
            float(extent.low) - 1e-9 <= (n / d if name == "gamma" else float(values[name])) <= float(extent.high) + 1e-9
            for name, extent in domain.ranges
            if isinstance(extent, Range)
        )
        return n >= 1 and inside and test({**values, "gamma": n / d})

    return accept
