"""What a step may lean on: the claim it belongs to, the condition it stands under, earlier steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Literal

from sympy import And, S, lambdify
from sympy.logic.boolalg import Boolean

from ftproofs.claim import Choices, Claim, Domain, Range, Statement
from ftproofs.names import EXPERIMENTS, INFINITE, REQUIRED
from ftproofs.symbolic.vocabulary import v

Regime = Literal["wide", "square", "tall"]

#: What the transfer and federated experiments leave no choice in.
_FIXED = {"spectrum": "isotropic", "inputs": "gaussian", "direction": "uniform", "imbalance": 1}


@dataclass(frozen=True)
class Context:
    """Where a step is closed.

    ``given`` are the relations the step may use, ``earlier`` all relations before it;
    ``condition`` restricts the claim's domain (the branch of a case distinction).
    """

    claim: Claim
    given: Mapping[str, Statement] = field(default_factory=dict)
    earlier: tuple[Statement, ...] = ()
    condition: Boolean = S.true

    @property
    def domain(self) -> Domain:
        """The claim's domain under the condition."""
        if self.condition is S.true:
            return self.claim.domain
        return self.claim.domain.where(*And.make_args(self.condition))

    def allowed(self, name: str) -> Range | Choices | None:
        """The values a parameter may take: the domain's, or the experiment's default; None if it has neither."""
        if name in self.claim.domain:
            return self.claim.domain[name]
        parameters = EXPERIMENTS[self.claim.experiment].parameters
        if name in _FIXED and name not in parameters and self.claim.experiment.startswith(("transfer.", "federated.")):
            return Choices((_FIXED[name],))
        default = parameters.get(name, REQUIRED)
        return None if default == REQUIRED else Choices((default,))

    def only(self, name: str, *values: object) -> bool:
        """Whether a parameter can take no other values than these."""
        allowed = self.allowed(name)
        return isinstance(allowed, Choices) and all(value in values for value in allowed.values)

    @property
    def start_is_fitted(self) -> bool:
        """Whether fine-tuning may start elsewhere than at the source teacher: at a fit to finite source data."""
        if self.claim.experiment.startswith("federated."):
            return True
        if not self.claim.experiment.startswith("transfer."):
            return False
        source, scale = self.allowed("gamma_s"), self.allowed("init_scale")
        return (source is not None and not self.only("gamma_s", INFINITE)) or (
            scale is not None and not self.only("init_scale", 0, 0.0)
        )

    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Every (n, d) of the domain, under the condition."""
        return integer_points(self.domain)

    def regimes(self) -> frozenset[Regime]:
        """Which of n < d, n = d and n > d occur; a domain may fix their ratio gamma instead of n and d.

        Without samples (pretraining on the population) it is as with few: no matrix has n rows.
        """
        if "n" not in EXPERIMENTS[self.claim.experiment].parameters:
            return frozenset({"wide"})
        if "gamma" in self.claim.domain and "n" not in self.claim.domain:
            gamma = self.claim.domain["gamma"]
            ends = gamma.values if isinstance(gamma, Choices) else (gamma.low, gamma.high)
            sides: list[Regime] = ["wide" if float(x) < 1 else "tall" if float(x) > 1 else "square" for x in ends]
            between = {"wide", "square", "tall"} if len({*sides} - {"square"}) == 2 else set()
            return frozenset(sides) | frozenset(between)  # type: ignore[arg-type]
        return frozenset("wide" if n < d else "tall" if n > d else "square" for n, d in self.sizes())


@lru_cache(maxsize=256)
def integer_points(domain: Domain) -> tuple[tuple[int, int], ...]:
    """Every (n, d) in the domain's ranges that its constraints on n and d alone admit.

    Raises:
        ValueError: n or d has no finite range.
    """
    constraints = [c for c in domain.constraints if c.free_symbols <= {v.n, v.d}]
    test = lambdify([v.n, v.d], And(*constraints), "math")
    return tuple((n, d) for n, d in product(_integers(domain, "n"), _integers(domain, "d")) if test(n, d))


def _integers(domain: Domain, name: str) -> range | tuple[int, ...]:
    if name not in domain:
        raise ValueError(f"the domain gives no range for {name}")
    allowed = domain[name]
    if isinstance(allowed, Choices):
        return tuple(int(value) for value in allowed.values)
    return range(int(float(allowed.low)), int(float(allowed.high)) + 1)
