"""The tables of an exported document: verdicts, and what the symbols stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import sympy
from sympy import MatrixSymbol, Symbol
from sympy.core.function import AppliedUndef

from ftproofs.check.mutate import unmutable
from ftproofs.claim import Claim
from ftproofs.names import MEASUREMENTS, PARAMETERS
from ftproofs.report.figures import derivation_cell, experiment_cell, figure
from ftproofs.report.filling import Filling
from ftproofs.report.latex.bibliography import axiom_of, of_theorem
from ftproofs.report.latex.claims import command_tex, figure_tex
from ftproofs.report.latex.layout import width
from ftproofs.symbolic.axioms import AXIOMS
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.latex import escape, prose
from ftproofs.symbolic.notation import FUNCTION_NOTATION, MATRIX_NOTATION, SYMBOL_NOTATION, Local
from ftproofs.verdict import CONJECTURAL, Verdict


def verification(
    claims: Sequence[Claim], verdicts: Mapping[str, Verdict], run: Mapping[str, object], filling: Filling
) -> str:
    """Every claim with its stored verdict; where there is none, the command that makes it."""
    rows = "\n".join(_row(claim, verdicts.get(claim.id), filling) for claim in claims)
    return "\n".join(
        [
            r"\begin{footnotesize}\setlength{\tabcolsep}{4pt}\setlength{\LTcapwidth}{\textwidth}",
            r"\begin{longtable}{@{}r>{\raggedright}p{0.25\textwidth}>{\raggedright}p{0.11\textwidth}"
            r">{\raggedright}p{0.11\textwidth}>{\raggedright}p{0.14\textwidth}"
            r">{\raggedright}p{0.2\textwidth}>{\raggedleft\arraybackslash}p{0.05\textwidth}@{}}",
            rf"\caption{{{_caption(claims, verdicts, run)}}}\label{{tab:verification}}\\",
            r"\toprule",
            r" & claim & verdict & derivation & experiment & figure & kills\\",
            r"\midrule",
            r"\endfirsthead",
            r"\toprule",
            r" & claim & verdict & derivation & experiment & figure & kills\\",
            r"\midrule",
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            rows,
            r"\end{longtable}",
            r"\end{footnotesize}",
            "",
        ]
    )


def _row(claim: Claim, verdict: Verdict | None, filling: Filling) -> str:
    head = rf"\ref{{clm:{claim.id}}} & \ftid{{{claim.id}}} & "
    if verdict is None:
        wide = r"\multicolumn{5}{>{\raggedright\arraybackslash}p{0.63\textwidth}@{}}"
        missing = rf"{wide}{{none; \ftcommand{{{command_tex(filling.verdict(claim))}}}}}"
        return f"{head}{missing}\\\\"
    cells = [derivation_cell(verdict.derivation), experiment_cell(verdict.experiment), figure(verdict)]
    word = rf"\ftword{{{escape(verdict.word)}}}" + ("" if verdict.as_expected else " (not as expected)")
    return f"{head}{word} & " + " & ".join([*map(figure_tex, cells), _score(claim, verdict)]) + r"\\"


def _score(claim: Claim, verdict: Verdict) -> str:
    """The kill score; a dash where there is none to measure, nothing where none is stored."""
    if verdict.power is not None and verdict.power.score is not None:
        return f"{verdict.power.score:.3f}"
    return "" if verdict.power is None and _lacks_power(claim, verdict) else "--"


def _lacks_power(claim: Claim, verdict: Verdict | None) -> bool:
    passed = verdict is not None and verdict.word in ("proved", "supported")
    return passed and verdict is not None and verdict.power is None and not unmutable(claim)


def _caption(claims: Sequence[Claim], verdicts: Mapping[str, Verdict], run: Mapping[str, object]) -> str:
    stored = sum(claim.id in verdicts for claim in claims)
    text = f"Stored verdicts: {stored} of {len(claims)} claims."
    known = [f"{name} {run[name]}" for name in ("seed", "budget", "device", "dtype") if run.get(name) is not None]
    if known and stored:
        text += " The run: " + ", ".join(known) + "."
    if stored:
        text += " Kills: the share of a claim's wrong variants that its check would refute; a dash: there are none."
        without = sum(_lacks_power(claim, verdicts.get(claim.id)) for claim in claims)
        if without:
            text += f" It is not stored for {without} claims; what they say of their power names the command."
    return escape(text)


def axioms(claims: Iterable[Claim]) -> str:
    """The general theorems that the claims' derivations cite, in words."""
    steps = (step for claim in claims for step in (*claim.steps, *claim.corollaries))
    names = sorted({axiom.name for step in steps if (axiom := axiom_of(step.by)) is not None})
    if not names:
        return "None.\n"
    items = []
    for name in names:
        theorem = AXIOMS[name]
        where = ", ".join(citation.tex for citation in of_theorem(theorem.citation))
        mark = " (a conjecture, or a limit without a rate)" if name in CONJECTURAL else ""
        title = escape(name.replace("-", " ").capitalize())
        items.append(rf"\item[{{{title}}}] {prose(theorem.says)}{mark} {where}.")
    return "\n".join([r"\begin{description}", *items, r"\end{description}", ""])


# -- notation -------------------------------------------------------------------------


def notation(claims: Iterable[Claim]) -> str:
    """The symbols that occur in the claims, with their meaning."""
    names, symbols, functions, matrices, root = _occurring(claims)
    parts = [
        *_table("Chosen before training", ((p.latex, p.meaning) for p in PARAMETERS.values() if p.name in names)),
        *_table("Read after training", ((m.latex, m.meaning) for m in MEASUREMENTS.values() if m.name in names)),
        *_table("Vectors and matrices", _locals(MATRIX_NOTATION, matrices)),
        *_table("Only in derivations", _locals(SYMBOL_NOTATION, symbols)),
        *_table(
            "Functions of time", ((f"{tex}(t)", meaning) for tex, meaning in _locals(FUNCTION_NOTATION, functions))
        ),
    ]
    if root:
        parts.append(
            r"\par\medskip\noindent For $L\ge2$, $c_L(A,b,s)$ is the unique positive root $c$ of "
            r"$c^{2L/(L-1)}s^2=A^2+c^2b^2$; $c_1=1$."
        )
    return "\n".join([*parts, ""])


def _occurring(claims: Iterable[Claim]) -> tuple[set[str], set[str], set[str], set[str], bool]:
    names: set[str] = set()
    symbols: set[str] = set()
    functions: set[str] = set()
    matrices: set[str] = set()
    root = False
    for claim in claims:
        names |= {name for name, _ in claim.domain.ranges}
        relations = [*claim.statements, *(step.relation for step in (*claim.steps, *claim.corollaries))]
        for variant in claim.false_variants():
            relations += variant.statements
            names |= {name for name, _ in variant.domain.ranges}
        for relation in relations:
            for node in sympy.preorder_traversal(sympy.Tuple(relation.lhs, relation.rhs)):
                if isinstance(node, MatrixSymbol):
                    matrices.add(node.name)
                elif isinstance(node, AppliedUndef):
                    functions.add(node.func.__name__)
                elif isinstance(node, Symbol):
                    (names if node.name in PARAMETERS or node.name in MEASUREMENTS else symbols).add(node.name)
                root = root or isinstance(node, depth_root)
    return names, symbols, functions, matrices, root


def _locals(table: Mapping[str, Local], occurring: set[str]) -> Iterator[tuple[str, str]]:
    return ((entry.latex, entry.meaning) for name, entry in table.items() if name in occurring)


def _table(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    entries = [rf"${_displayed(tex)}${_strut(tex)} & {prose(meaning)}\\" for tex, meaning in rows]
    if entries:
        yield r"\begin{ftnotation}{" + title + "}"
        yield from entries
        yield r"\end{ftnotation}"


#: Room for a symbol in its column, in units of `width`.
_COLUMN = 12.5


def _displayed(tex: str) -> str:
    """A name that is a fraction is read more easily at the size of a display, where that fits."""
    return tex.replace(r"\frac", r"\dfrac") if width(tex) <= _COLUMN else tex


def _strut(tex: str) -> str:
    """Room for a fraction."""
    return r"\rule[-2ex]{0pt}{5ex}" if r"\frac" in tex else ""
