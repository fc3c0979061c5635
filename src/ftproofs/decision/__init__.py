"""From numbers to a finding: pure decisions on rows and on injected samplers.

A procedure for each quantifier.  `decide_each` compares certified gaps with a
tolerance, row by row.  `decide_mean` draws as much as it needs from a sampler and
refutes by e-processes, supports by equivalence tests, or says what is missing.
`decide_limit` extrapolates means over a ladder of sizes, `decide_probability` counts
violations.  `decide_sign` and `decide_sign_limit` ask on which side of 0 a mean or its
limit lies.  None knows where its numbers come from.

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
from ftproofs.decision.sign import SignDecision, SignFinding, SignSampler, decide_sign
from ftproofs.decision.sign_limit import SignLimitDecision, decide_sign_limit

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
    "SignDecision",
    "SignFinding",
    "SignLimitDecision",
    "SignSampler",
    "combine",
    "decide_each",
    "decide_limit",
    "decide_mean",
    "decide_probability",
    "decide_sign",
    "decide_sign_limit",
    "refuse_infinite_variance",
    "supportable",
    "violations",
]
