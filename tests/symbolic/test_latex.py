"""LaTeX of claims: printed from the expressions, labelled, and safe whatever a title says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ftproofs.catalog import claims
from ftproofs.claim import Claim, Domain
from ftproofs.symbolic.latex import claim_tex, domain_tex, escape, statement_tex
from ftproofs.symbolic.vocabulary import at_most, equal, v


def balanced(text: str) -> bool:
    depth = 0
    for char in re.sub(r"\\[{}]", "", text):
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0


def environments(text: str) -> list[str]:
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{([^}]*)\}", text):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    return stack


@pytest.mark.parametrize("claim", claims(variants=True).values(), ids=lambda claim: claim.id)
def test_every_claim_prints(claim: Claim) -> None:
    text = claim_tex(claim)
    assert text.count(rf"\label{{clm:{claim.id}}}") == 1
    assert balanced(text)
    assert environments(text) == []
    assert text.count("$") % 2 == 0
    assert re.search(r"\\left(?![(\[|.\\])", text) is None
    assert text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right") - text.count(r"\rightarrow")


def test_a_statement_is_its_expressions() -> None:
    assert statement_tex(equal(v.risk, v.sigma**2)) == r"R = \sigma^{2}"
    assert statement_tex(at_most(v.risk, 1)) == r"R \le 1"


def test_a_domain() -> None:
    domain = Domain.of(L=[1, 2], n=(4, 60), sigma=0, inputs="sphere").where(v.n <= v.d)
    assert list(domain_tex(domain)) == [
        r"$L \in \{1, 2\}$",
        r"$n \in \{4, \dots, 60\}$",
        r"$\sigma = 0$",
        r"$\mathrm{inputs} = \text{sphere}$",
        r"$n \leq d$",
    ]


def test_hostile_text_stays_text() -> None:
    assert escape(r"\input{/etc/passwd} $x$ %#_&~^") == (
        r"\textbackslash{}input\{/etc/passwd\} \$x\$ \%\#\_\&\textasciitilde{}\textasciicircum{}"
    )
    assert escape("a\x00b\u202ec\nd") == "a b c d"
    first = next(iter(claims().values()))
    text = claim_tex(replace(first, title=r"\write18{id} 100% $\end{theorem}"))
    assert r"\write" not in text
    assert balanced(text)
    assert environments(text) == []
