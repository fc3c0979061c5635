"""A page for each family of the catalog, made from its claims: what the documentation says is what is checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from markupsafe import Markup

from ftproofs.catalog import families
from ftproofs.claim import Claim
from ftproofs.report.describe import family_title, quantified
from ftproofs.report.html.claims import domain_item
from ftproofs.report.html.mathml import mathml, relation, words
from ftproofs.symbolic.latex import latex


def write_pages(folder: Path) -> None:
    """A page a family, and the list of them; pages whose text did not change are left as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name, claims in families().items() if claims]
    for name in names:
        _write(folder / f"{name}.md", "\n".join(_family(name, families()[name])))
    listed = "\n".join(names)
    _write(
        folder / "catalog.md",
        "# The catalog\n\nEvery theorem that ships with ftproofs: its statement, where it is from, the settings it is "
        f"checked on, and how it is derived.\n\n```{{toctree}}\n:maxdepth: 2\n\n{listed}\n```\n",
    )


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def _family(name: str, claims: tuple[Claim, ...]) -> Iterator[str]:
    yield f"# {family_title(name)}\n"
    yield f"Check all of it with `ftproofs check {name}`.\n"
    for claim in claims:
        yield from _claim(claim)


def _claim(claim: Claim) -> Iterator[str]:
    yield f"({claim.id})="
    yield f"## {_plain(claim.title)}\n"
    if claim.published_refuted:
        yield f"**Published, refuted.** What holds instead: [{claim.corrected}](#{claim.corrected}).\n"
    yield f"`{claim.id}` · {_plain(str(claim.source))}\n"
    yield f"Holds {quantified(claim)}, within a relative {claim.margin:g}:\n"
    for statement in claim.statements:
        shown, where = relation(statement)
        yield _raw(shown)
        if where:
            yield _raw(Markup("<p>with</p>") + Markup("").join(where))
    yield f"Experiment `{claim.experiment}`, on\n"
    constraints = [Markup("where ") + mathml(latex(constraint, inline=True)) for constraint in claim.domain.constraints]
    yield _raw(_list("ul", [*(domain_item(name, values) for name, values in claim.domain.ranges), *constraints]))
    if claim.untrained:
        yield f"Nothing is trained: {_plain(claim.untrained)}.\n"
    if claim.steps:
        yield "Derived in the steps\n"
        yield _raw(_list("ol", [words(step.says) for step in claim.steps]))
    if claim.uses:
        yield "Uses " + ", ".join(f"[{used}](#{used})" for used in claim.uses) + ".\n"
    if claim.variants:
        yield "Wrong versions that the check must refute:\n"
        named = [Markup("<code>{}</code>: ").format(v.id) + words(v.title) for v in claim.false_variants()]
        yield _raw(_list("ul", named))


def _list(kind: str, items: list[Markup]) -> Markup:
    return (
        Markup(f"<{kind}>")
        + Markup("").join(Markup("<li>{}</li>").format(item) for item in items)
        + Markup(f"</{kind}>")
    )


def _raw(html: Markup) -> str:
    return f"```{{raw}} html\n{html}\n```\n"


def _plain(text: str) -> str:
    """Text that Markdown takes as it is."""
    return "".join("\\" + c if c in "\\`*_{}[]<>#|$^~" else c for c in text)
