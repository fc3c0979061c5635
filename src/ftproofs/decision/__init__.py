"""From numbers to a finding: pure decisions on rows and on injected samplers.

A procedure for each quantifier.  `decide_each` compares certified gaps with a
tolerance, row by row.  `decide_mean` draws as much as it needs from a sampler and
refutes by e-processes, supports by equivalence tests, or says what is missing.
`decide_limit` extrapolates means over a ladder of sizes, `decide_probability` counts
violations.  None knows where its numbers come from.

Levels belong to the run, never to a claim: a refutation needs e >= 1e6 (1000
claims at 1e-3) and an independent confirmation at e >= 1e3; support errs with
probability at most 2e-4 an anchor.
"""

from ftproofs.decision.draws import Anchor, Sampler, SettingFinding
from ftproofs.decision.each import EachDecision, combine, decide_each, violations
from ftproofs.decision.ladder import Ladder, LimitFinding, LimitSampler
from ftproofs.decision.limit import LimitDecision, decide_limit
from ftproofs.decision.mean import (
    ALPHA,
    CONFIRM_AT,
    REFUTE_AT,
    MeanDecision,
    decide_mean,
    refuse_infinite_variance,
)
from ftproofs.decision.probability import Outcomes, OutcomeSampler, ProbabilityDecision, decide_probability, supportable

__all__ = [
    "ALPHA",
    "CONFIRM_AT",
    "REFUTE_AT",
    "Anchor",
    "EachDecision",
    "Ladder",
    "LimitDecision",
    "LimitFinding",
    "LimitSampler",
    "MeanDecision",
    "OutcomeSampler",
    "Outcomes",
    "ProbabilityDecision",
    "Sampler",
    "SettingFinding",
    "combine",
    "decide_each",
    "decide_limit",
    "decide_mean",
    "decide_probability",
    "refuse_infinite_variance",
    "supportable",
    "violations",
]
