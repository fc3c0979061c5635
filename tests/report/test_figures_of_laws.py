"""What the table shows for limits and probabilities."""

from __future__ import annotations

from ftproofs.report.figures import figure
from ftproofs.settings import Setting
from ftproofs.verdict import Derivation, Evidence, Observation, SizeMean, Slack, Verdict

SEEN = Observation(Setting.of("linear.finetune", {"n": 2, "d": 4}), "ft1-x", 0, 0.5, 0.75, 0.0, 0.5)


def shown(word: str, evidence: Evidence) -> str:
    return figure(Verdict("claim", word, Derivation("none"), evidence))  # type: ignore[arg-type]


def test_a_limit_shows_its_interval_and_its_sizes() -> None:
    sizes = tuple(SizeMean(d, 100, 0.1, 0.01) for d in (32, 64, 128, 256))
    evidence = Evidence("supported", "limit", 0.02, interval=(-0.003, 0.004), sizes=sizes)
    assert shown("supported", evidence) == "error for d -> oo (d = 32..256) in [-0.30%, +0.40%], within 2.0%"


def test_a_probability_shows_how_often_it_fails_and_its_slack() -> None:
    evidence = Evidence(
        "supported", "probability", 1e-6, interval=(0.0, 0.034), level=0.95, slack=Slack(0.95, 3.21, (2.5, 4.0))
    )
    text = "fails with probability in [0, 0.034], 0.05 allowed"
    assert shown("supported", evidence) == f"{text}; slack 3.21 in [2.5, 4]"
    against = Evidence("refuted", "probability", 1e-6, interval=(0.1, 0.2), level=0.95, worst=SEEN)
    assert shown("refuted", against) == ("fails with probability in [0.1, 0.2], 0.05 allowed; observed 0.75, bound 0.5")
