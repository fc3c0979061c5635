"""Formulas in LaTeX: what they are understood as, what is refused, and that nothing unaccepted is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftproofs.errors import FileError, UsageError
from ftproofs.names import EXPERIMENTS
from ftproofs.run.audit import submitted
from ftproofs.symbolic.tex import to_text

SPEC = EXPERIMENTS["deep-linear.finetune"]
NAMES = [*SPEC.parameters, *SPEC.measurements, "gamma"]

FILE = """format = 1
[[claim]]
id = "x"
experiment = "linear.finetune"
quantifier = "each"
latex = '%s'
[claim.domain]
n = { min = 2, max = 10 }
d = { min = 20, max = 40 }
theta = { min = 0, max = 1 }
"""


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (
            r"R = (1-\gamma)(2-2\cos\theta) + \frac{\sigma^2\gamma}{1-\gamma}",
            "risk == gamma*sigma**2/(1 - gamma) + (1 - gamma)*(2 - 2*cos(theta))",
        ),
        (r"\lVert P_\perp\beta\rVert = 1", "perp_beta_norm == 1"),
        (r"R \le \sqrt{n/d}\, \tau^{2}", "risk <= target_norm**2*sqrt(n/d)"),
        (r"c = \left(\frac{s}{\tau}\right)^{\frac{L-1}{L}}", "perp_ratio == (source_norm/target_norm)**((L - 1)/L)"),
        (r"R = \tau^2\sin^2\theta", "risk == target_norm**2*sin(theta)**2"),
        (r"R \geq \max(\sigma, s)", "risk >= Max(sigma, source_norm)"),
        (r"R = |\sigma - 1|", "risk == Abs(sigma - 1)"),
        (r"R = e^{-\sigma^2/2}", "risk == exp(-sigma**2/2)"),
        (r"R = 2\sigma n", "risk == 2*n*sigma"),
        (
            r"R = \frac{n\sigma^2}{d-n-1} + \left(1-\frac{n}{d}\right)\lVert\delta\rVert^2",
            "risk == delta_norm**2*(1 - n/d) + n*sigma**2/(d - n - 1)",
        ),
    ],
)
def test_understood(latex: str, text: str) -> None:
    assert to_text(latex, NAMES) == text


@pytest.mark.parametrize(
    "latex",
    [r"\input{a} = R", r"R", r"R == 1", r"R = \write18{id}", r"R = x_{12}", r"R = \int x dx", "R = #", r"R \ne 1"],
)
def test_refused(latex: str) -> None:
    with pytest.raises(UsageError, match="FT237"):
        to_text(latex, NAMES)


def test_used_only_when_accepted(tmp_path: Path) -> None:
    path = tmp_path / "claim.toml"
    path.write_text(FILE % r"R = \lVert P_\perp\delta\rVert^2")
    with pytest.raises(FileError) as caught:
        submitted([path])
    assert str(caught.value) == (
        f"{path}:6: FT238: latex: understood as 'risk == perp_delta_norm**2'; --accept-latex checks that"
    )
    (item,) = submitted([path], accept_latex=True)
    assert str(item.claim.statements[0]) == "risk == perp_delta_norm**2"


def test_what_is_understood_is_read_by_the_grammar(tmp_path: Path) -> None:
    """A symbol the experiment does not offer is refused by name, whatever the parser made of it."""
    path = tmp_path / "claim.toml"
    path.write_text(FILE % r"R = q + 1")
    with pytest.raises(FileError, match="FT112: latex: unknown symbol 'q'"):
        submitted([path], accept_latex=True)
