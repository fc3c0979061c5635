"""One claim as LaTeX: its theorem, its verdict, its derivation, special cases and false variants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sympy

from ftproofs.check.mutate import unmutable
from ftproofs.claim import Claim, Statement, Step, Trend
from ftproofs.errors import UsageError
from ftproofs.names import PARAMETERS
from ftproofs.report.counterexamples import against
from ftproofs.report.figures import derivation_cell, experiment_cell, figure
from ftproofs.report.filling import Filling
from ftproofs.report.latex.abbreviate import shortened
from ftproofs.report.latex.bibliography import axiom_of, of_claim, of_theorem
from ftproofs.report.latex.layout import LINE, Row, fit, groups, lines, where_lines, width
from ftproofs.symbolic.axioms import AXIOMS
from ftproofs.symbolic.latex import RELATIONS, as_read, escape, latex, prose, statement_tex, theorem_tex
from ftproofs.symbolic.methods import Under
from ftproofs.verdict import StepResult, Verdict

#: What may stand in a label, and so in a file's name.
ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
STEP_ID = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")

#: How the methods of derivations are called in words.
METHODS: Mapping[str, str] = {
    "Algebra": "algebra",
    "Cases": "both cases",
    "Certificate": "combining",
    "Coordinate": "in coordinates",
    "Differentiate": "differentiation",
    "Generic": "matrix algebra",
    "Induction": "induction",
    "Instance": "a special case",
    "Integrate": "integration",
    "Let": "definition",
    "Means": "by definition",
    "Moment": "definition",
    "Monotone": "monotonicity",
    "Outside": "outside the span",
    "Root": "uniqueness of the root",
    "SameSign": "a positive factor",
    "Setting": "a special case",
    "Squeeze": "squeezing",
    "TakeLimit": "limit",
    "Telescope": "telescoping sum",
    "Vanishes": "a norm vanishes with its vector",
}

Lookup = Callable[[Claim], Verdict | None]


def environment(claim: Claim) -> str:
    """What a claim is printed as: what is expected to be refuted is no theorem, nor is a trend."""
    if claim.expected == "refuted":
        return "refutedclaim"
    return "trend" if isinstance(claim.quantifier, Trend) else "theorem"


def claim_file(
    claim: Claim,
    verdict: Verdict | None,
    variant_verdict: Lookup,
    shown: str = "",
    *,
    filling: Filling | None = None,
    conditions: Mapping[str, Any] | None = None,
) -> str:
    """Everything about a claim, ready for ``\\input`` after ``macros.tex``.

    Args:
        claim: the claim.
        verdict: what is stored about it.
        variant_verdict: what is stored about its variants.
        shown: says what is in its figure; empty where there is none.
        filling: the commands that fill what is missing.
        conditions: those of the verdict's run.

    Raises:
        UsageError: FT225 an id that cannot be a label.
    """
    check_ids(claim)
    parts = [
        f"% {claim.id}: exported by ftproofs\n",
        theorem_tex(claim, environment(claim), statement_display(claim)),
        _source(claim),
        verdict_line(claim, verdict, filling or Filling()),
        power_line(claim, verdict, filling or Filling(), conditions or {}),
        _corrected(claim),
        *_counterexamples(claim, verdict),
        rf"\ftfigure{{figures/{claim.id}}}{{{escape(shown)}}}" + "\n" if shown else "",
        _uses(claim),
        _derivation(claim, verdict),
        *_corollaries(claim, verdict),
        _variants(claim, variant_verdict),
    ]
    return "".join(part for part in parts if part)


def statement_display(claim: Claim) -> str | None:
    """The statements on several lines, None where each fits on one."""
    rows = [relation_row(as_read(claim, statement)) for statement in claim.statements]
    if all(len(lines(item)) == 1 and not item.where for item in rows):
        return None
    return _starred(rows, ends=(",", "."))


def check_ids(claim: Claim) -> None:
    """Refuse ids that could become anything but a label or a file's name (FT225)."""
    if not ID.match(claim.id) or len(claim.id) > 100:
        raise UsageError("FT225", f"id {claim.id!r:.80} must match [a-z0-9]+(-[a-z0-9]+)*, at most 100 characters")
    for step in (*claim.steps, *claim.corollaries):
        if not STEP_ID.match(step.id):
            raise UsageError("FT225", f"step id {step.id!r:.80} of {claim.id} must be letters, digits, - and _")


def _source(claim: Claim) -> str:
    return rf"\ftsource{{{of_claim(claim).tex}}}" + "\n" if claim.source.reference else ""


def verdict_line(claim: Claim, verdict: Verdict | None, filling: Filling) -> str:
    """The stored verdict in one line, or the command that makes it."""
    if verdict is None:
        return rf"\ftunverified{{{command_tex(filling.verdict(claim))}}}" + "\n"
    word = escape(verdict.word)
    if verdict.expected is not None:
        word += " (as expected)" if verdict.as_expected else f" (expected {escape(verdict.expected)})"
    legs = [derivation_cell(verdict.derivation), experiment_cell(verdict.experiment), figure(verdict)]
    return rf"\ftverdict{{{word}}}" + "".join(f"{{{figure_tex(text)}}}" for text in legs) + "\n"


def power_line(claim: Claim, verdict: Verdict | None, filling: Filling, conditions: Mapping[str, Any]) -> str:
    """How many wrong variants the check would refute, or the command that measures it, or why nothing does."""
    if verdict is None or verdict.word == "refuted":
        return ""
    found, reason = verdict.power, unmutable(claim)
    if found is not None:
        scores = [(name, x) for name, x in (("kill score", found.score), ("strict", found.strict)) if x is not None]
        told = "".join(f", {name} {x:.3f}" for name, x in scores)
        rest = f"{found.equivalent} equivalent, {found.below_tolerance} below the tolerance"
        text = f"{found.killed} of {found.killed + found.survived} wrong variants would be refuted{told}; {rest}"
    elif reason:
        text = prose(f"no kill score: {reason}")
    elif verdict.word in ("proved", "supported"):
        text = rf"not stored; \ftcommand{{{command_tex(filling.power(claim, conditions))}}} measures it"
    else:
        return ""
    return rf"\ftpower{{{text}}}" + "\n"


def command_tex(command: str) -> str:
    """A command in typewriter, which may break between the folders of a path."""
    return re.sub(r"(?<=/)(?=[^ /])", r"\\allowbreak{}", escape(command))


def figure_tex(figure: str) -> str:
    """A figure of a report: ``2.0e-08``, ``+-`` and ``-> oo`` as mathematics, the rest as text."""
    pieces = re.split(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]\d+)", figure)
    tex = ""
    for place in range(0, len(pieces), 3):
        text = escape(pieces[place]).replace("+-", r"$\pm$")
        tex += text.replace(r"-\textgreater{} oo", r"$\to\infty$")
        if place + 2 < len(pieces):
            ten = int(pieces[place + 2])
            tex += rf"${pieces[place + 1]}\cdot10^{{{ten}}}$" if ten else pieces[place + 1]
    return tex


def _corrected(claim: Claim) -> str:
    """For a published form that fails, the claim that holds instead."""
    if claim.corrected is None or not ID.match(claim.corrected):
        return ""
    return rf"\ftcorrected{{\ftclaim{{{claim.corrected}}}}}" + "\n"


def _counterexamples(claim: Claim, verdict: Verdict | None) -> Iterator[str]:
    """Where a refuted claim fails, and the line that replays it."""
    for found in against(verdict, claim) if verdict is not None else ():
        setting = ", ".join(
            rf"${PARAMETERS[name].latex} = {value}$" if _NUMBER.match(value) else f"{escape(name)} = {escape(value)}"
            for name, value in found.setting
        )
        which = "" if found.statement is None else f" (statement {found.statement})"
        # An identifier may be broken anywhere; it has no character that TeX reads otherwise.
        command, _, identifier = found.replay.rpartition(" ")
        breakable = r"\allowbreak ".join(identifier[i : i + 8] for i in range(0, len(identifier), 8))
        known = "" if found.bound == "0" else f" (known to {figure_tex(found.bound)})"
        how = "error" if found.other == "predicted" else "difference"
        sides = (found.observed, known, f"{found.other} {found.predicted}", f"{how} {figure_tex(found.error)}")
        yield (
            rf"\ftcounterexample{{{found.name}{which}}}{{{setting}}}"
            + "".join(f"{{{side}}}" for side in sides)
            + rf"{{{escape(command)} {breakable}}}"
            + "\n"
        )


def _uses(claim: Claim) -> str:
    if not claim.uses:
        return ""
    return r"\ftuses{" + ", ".join(rf"\ftclaim{{{used}}}" for used in claim.uses if ID.match(used)) + "}\n"


# -- derivation ---------------------------------------------------------------------


def _derivation(claim: Claim, verdict: Verdict | None) -> str:
    if not claim.steps:
        return rf"\ftnoproof{{{claim.id}}}" + "\n"
    found = {step.id: step for step in verdict.derivation.steps} if verdict else {}
    body = _aligned(claim, claim.steps, found)
    return "\\begin{ftproof}\n" + "\n".join(body) + "\n\\end{ftproof}\n"


def _aligned(claim: Claim, steps: tuple[Step, ...], found: Mapping[str, StepResult]) -> Iterator[str]:
    rows = [row(claim, step) for step in steps]
    place = 0
    for group in groups(rows):
        for nth, item in enumerate(group):
            step = steps[place]
            words = f"{{{sentence(step.says)}}}{{{reason(claim, step, found.get(step.id))}}}"
            if nth == 0:
                yield r"\ftfirst" + words
                yield r"\begin{align}"
            else:
                yield r"\shortintertext{\ftstep" + words + "}"
            yield from display(item, last=nth == len(group) - 1)
            place += 1
        yield r"\end{align}"


def row(claim: Claim, step: Step) -> Row:
    """A step's relation with its label."""
    return relation_row(step.relation, label(claim, step))


def relation_row(relation: Statement, label: str = "") -> Row:
    """A relation that fits its line, if need be with letters for its parts."""
    lhs, rhs = (sympy.sympify(side, strict=True) for side in (relation.lhs, relation.rhs))
    short = shortened((lhs, rhs))
    return Row(short.formulas[0], RELATIONS[relation.rel], short.formulas[1], label, short.where)


def _starred(rows: Sequence[Row], ends: tuple[str, str] = ("", "")) -> str:
    """Rows in one display without numbers; ``ends`` stand after each but the last, and after the last."""
    whole = fit(rows)
    last = len(rows) - 1
    body = [
        line
        for nth, item in enumerate(rows)
        for line in display(item, last=nth == last, end=ends[nth == last], whole=whole)
    ]
    return "\n".join([r"\begin{align*}", *body, r"\end{align*}"])


def display(item: Row, *, last: bool, end: str = "", whole: bool | None = None) -> Iterator[str]:
    """The lines of a row inside ``align``; the number stands at the end of the relation."""
    *before, closing = lines(item, whole=whole)
    mark = rf" \label{{{item.label}}}" if item.label else r" \notag"
    extra = where_lines(item)
    yield from (rf"{line} \notag\\" for line in before)
    yield closing + ("" if extra else end) + mark + (r"\\" if extra or not last else "")
    for nth, line in enumerate(extra):
        final = nth == len(extra) - 1
        yield line + (end if final else "") + r" \notag" + ("" if last and final else r"\\")


def label(claim: Claim, step: Step) -> str:
    """A step's label."""
    return f"stp:{claim.id}:{step.id}"


def sentence(says: str) -> str:
    """A step's words with a capital letter, unless they begin with a formula."""
    tex = prose(says)
    return tex[:1].upper() + tex[1:] if tex[:1].isalpha() else tex


def reason(claim: Claim, step: Step, found: StepResult | None) -> str:
    """How a step is closed: its method or theorem, what it is from, and its fate if it did not close."""
    method = step.by
    condition = ""
    while isinstance(method, Under):
        condition = f"for ${latex(method.condition)}$: "
        method = method.method
    axiom = axiom_of(method)
    if axiom is not None:
        theorem = AXIOMS[axiom.name]
        how = axiom.name.replace("-", " ") + " " + ", ".join(c.tex for c in of_theorem(theorem.citation))
    else:
        kind = type(method).__name__
        how = METHODS.get(kind, escape(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()))
    known = {other.id for other in (*claim.steps, *claim.corollaries)}
    given = [rf"\eqref{{stp:{claim.id}:{id}}}" for id in step.given if id in known]
    text = condition + how + (" from " + ", ".join(given) if given else "")
    if found is not None and found.status not in ("proved", "axiom"):
        text += rf"; \textbf{{{escape(found.status)}}}"
    return text


# -- special cases and false variants -----------------------------------------------


def _corollaries(claim: Claim, verdict: Verdict | None) -> Iterator[str]:
    found = {step.id: step for step in verdict.derivation.corollaries} if verdict else {}
    for step in claim.corollaries:
        yield "\n".join(
            [
                rf"\begin{{corollary}}\label{{cor:{claim.id}:{step.id}}}",
                rf"\ftfirst{{{sentence(step.says)}}}{{{reason(claim, step, found.get(step.id))}}}",
                r"\begin{align}",
                *display(row(claim, step), last=True),
                r"\end{align}",
                r"\end{corollary}",
                "",
            ]
        )


def _variants(claim: Claim, variant_verdict: Lookup) -> str:
    if not claim.variants:
        return ""
    items = []
    for variant in claim.variants:
        changed = claim.variant(variant)
        check_ids(changed)
        verdict = variant_verdict(changed)
        word = rf"; \ftword{{{escape(verdict.word)}}}" if verdict is not None else ""
        lines_ = [rf"\ftvariant{{{changed.id}}}{{{sentence(variant.says)}}}{_tell(variant.tell)}{word}."]
        if variant.statements:
            lines_.append(_formulas(changed))
        items.append("\n".join(lines_))
    return "\\begin{ftvariants}\n" + "\n".join(items) + "\n\\end{ftvariants}\n"


def _tell(tell: str) -> str:
    return rf"\fttell{{{prose(tell)}}}" if tell else ""


def _formulas(changed: Claim) -> str:
    flat = [statement_tex(statement, inline=True) for statement in changed.statements]
    if all(width(formula) <= LINE and r"\begin" not in formula and r"\frac" not in formula for formula in flat):
        return "".join(rf"\ftformula{{${formula}$}}" for formula in flat)
    rows = [relation_row(statement) for statement in changed.statements]
    return _starred(rows)
