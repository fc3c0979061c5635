"""The commands and their options; what they do is in the modules they call."""

from __future__ import annotations

from typing import Annotated

import typer

from ftproofs import __version__
from ftproofs.cli.files import Json, cite, export, ledgers

# Plain help: readable when piped, and half the start-up time of the coloured boxes.
app = typer.Typer(
    name="ftproofs",
    help="Checks theorems about fine-tuning: derives them, trains networks on random settings, returns a verdict.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Device = Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu or cuda.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ftproofs {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Checks theorems about fine-tuning: derives them, trains networks on random settings, returns a verdict."""


@app.command("list")
def list_(
    family: Annotated[str | None, typer.Argument(help="Only this family.")] = None,
    variants: Annotated[bool, typer.Option("--variants", help="Also the false variants of each claim.")] = False,
    json: Json = None,
) -> int:
    """The catalog, with sources and quantifiers; what was published and is refuted stands apart."""
    from ftproofs.cli import browse

    return browse.list_claims(family, variants=variants, target=json)


@app.command()
def show(
    claim: Annotated[str, typer.Argument(help="A claim's id.")],
    latex: Annotated[bool, typer.Option("--latex", help="Print the claim as LaTeX.")] = False,
    json: Json = None,
) -> int:
    """One claim: statement, domain, derivation, special cases, false variants, references."""
    from ftproofs.cli import browse

    return browse.show(claim, latex=latex, target=json)


@app.command()
def experiments(
    name: Annotated[str | None, typer.Argument(help="Only this experiment, in full.")] = None,
    json: Json = None,
) -> int:
    """The pipelines: parameters, defaults, ranges, measurements, scales."""
    from ftproofs.cli import browse

    return browse.experiments(name, target=json)


@app.command()
def derive(
    claim: Annotated[list[str] | None, typer.Argument(help="Claims or families; all when none is named.")] = None,
    json: Json = None,
) -> int:
    """The derivation leg alone: every step, and how it was closed."""
    from ftproofs.cli import checking

    return checking.derive(claim or [], target=json)


@app.command()
def check(
    claim: Annotated[list[str] | None, typer.Argument(help="Claims or families; all when none is named.")] = None,
    settings: Annotated[str | None, typer.Option(metavar="N", help="Networks to train per claim about each.")] = None,
    budget: Annotated[str, typer.Option(help="low, default or high.")] = "default",
    seed: Annotated[str, typer.Option(metavar="S", help="Root seed, 0..2**64-1.")] = "0",
    device: Device = "auto",
    executor: Annotated[str, typer.Option(help="auto, in-process, processes or dask.")] = "auto",
    workers: Annotated[str | None, typer.Option(metavar="N", help="Claims at once; one a core by default.")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of a cluster of Dask's.")] = None,
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Keep rows there; a rerun resumes.")] = None,
    json: Json = None,
) -> int:
    """Derive each claim, train networks on settings drawn from its domain, and say what was found."""
    from ftproofs.cli import checking
    from ftproofs.cli.settings import read_options

    chosen = read_options(
        settings=settings,
        budget=budget,
        seed=seed,
        device=device,
        executor=executor,
        workers=workers,
        scheduler=scheduler,
        ledger=ledger,
        target=json,
    )
    return checking.check(claim or [], chosen)


@app.command()
def trends(
    data: Annotated[
        str, typer.Option(metavar="PATH", help="CIFAR-100's own folder (cifar-100-python), or its file train or test.")
    ],
    budget: Annotated[str, typer.Option(help="low, default or high.")] = "default",
    seed: Annotated[str, typer.Option(metavar="S", help="Root seed, 0..2**64-1.")] = "0",
    device: Device = "auto",
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Keep rows there; a rerun resumes.")] = None,
    json: Json = None,
) -> int:
    """Look on other images for the trends that the catalog has on digits."""
    from ftproofs.cli import trending
    from ftproofs.cli.settings import read_options

    options = read_options(settings=None, budget=budget, seed=seed, device=device, ledger=ledger, target=json)
    return trending.trends(data, options)


@app.command()
def audit(
    file: Annotated[list[str], typer.Argument(metavar="FILE...", help="Claim files (TOML).")],
    settings: Annotated[str | None, typer.Option(metavar="N", help="Networks to train per claim about each.")] = None,
    budget: Annotated[str, typer.Option(help="low, default or high.")] = "default",
    seed: Annotated[str, typer.Option(metavar="S", help="Root seed, 0..2**64-1.")] = "0",
    device: Device = "auto",
    executor: Annotated[str, typer.Option(help="Where trainings run: in-process.")] = "in-process",
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Keep rows there; a rerun resumes.")] = None,
    accept_latex: Annotated[
        bool, typer.Option("--accept-latex", help="Use formulas in LaTeX as they were understood.")
    ] = False,
    power: Annotated[
        bool,
        typer.Option("--power", help="Also which wrong variants the check would refute, which assumptions it needs."),
    ] = False,
    figures: Annotated[
        str | None, typer.Option(metavar="DIR", help="Draw where refuted claims hold and fail, one SVG each.")
    ] = None,
    json: Json = None,
) -> int:
    """Check the claims of files that anyone may have written; say where they fail."""
    from ftproofs.cli import auditing
    from ftproofs.cli.settings import one_of, read_options

    one_of("--executor", executor, ("in-process",))
    chosen = read_options(settings=settings, budget=budget, seed=seed, device=device, ledger=ledger, target=json)
    return auditing.audit(file, chosen, accept_latex=accept_latex, power=power, figures=figures)


@app.command()
def mutate(
    claim: Annotated[list[str], typer.Argument(help="Claims or families.")],
    settings: Annotated[str | None, typer.Option(metavar="N", help="Networks of the check per claim.")] = None,
    budget: Annotated[str, typer.Option(help="low, default or high.")] = "default",
    seed: Annotated[str, typer.Option(metavar="S", help="Root seed, 0..2**64-1.")] = "0",
    device: Device = "auto",
    ledger: Annotated[
        str | None, typer.Option(metavar="FILE", help="Judge on the rows kept there, keep the scores.")
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Print the scores as a table in Markdown.")] = False,
    assumptions: Annotated[
        bool, typer.Option("--assumptions", help="Instead, train where one assumption does not hold at a time.")
    ] = False,
    json: Json = None,
) -> int:
    """The power of a check: which wrong variants of a claim the rows of its check refute."""
    from ftproofs.cli import mutating

    return mutating.mutate(
        claim,
        settings=settings,
        budget=budget,
        seed=seed,
        device=device,
        ledger=ledger,
        target=json,
        markdown=table,
        assumptions=assumptions,
    )


@app.command()
def phase(
    claim: Annotated[str, typer.Argument(help="A claim's id.")],
    x: Annotated[
        str | None,
        typer.Option("--x", metavar="P[=LOW:HIGH]", help="Across: a real parameter; gamma (n/d) where it varies."),
    ] = None,
    y: Annotated[
        str | None,
        typer.Option("--y", metavar="P[=LOW:HIGH]", help="Up: another one; theta (the angle) where it varies."),
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option("--at", metavar="P=V", help="Fix another parameter; may be repeated.")
    ] = None,
    grid: Annotated[
        str | None, typer.Option(metavar="N[xM]", help="Cells across, and up; 20, for curves and regions fewer.")
    ] = None,
    trained: Annotated[
        str | None, typer.Option(metavar="N", help="Networks trained in each cell, 20; 0: prediction alone.")
    ] = None,
    statement: Annotated[str | None, typer.Option(metavar="K", help="Which of several statements.")] = None,
    engine: Annotated[str | None, typer.Option(help="How networks are trained; reduced where there is one.")] = None,
    seed: Annotated[str, typer.Option(metavar="S", help="Root seed, 0..2**64-1.")] = "0",
    device: Device = "auto",
    processes: Annotated[str | None, typer.Option(metavar="N", help="Processes that train; two if it pays.")] = None,
    out: Annotated[str, typer.Option(metavar="DIR", help="The folder for the picture and its numbers.")] = "phase",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Keep rows there; a rerun resumes.")] = None,
    json: Json = None,
) -> int:
    """The phase diagram of a claim: what it predicts, what trained networks do, where they disagree.

    Writes CLAIM.svg, CLAIM.png and the numbers behind them as CLAIM.json and CLAIM.csv.
    Left the prediction, right the mean over each cell's networks; a line where the
    prediction changes sign, hatching where the networks contradict the claim.
    """
    from ftproofs.cli import phasing

    return phasing.phase(
        claim,
        x=x,
        y=y,
        at=at or [],
        grid=grid,
        trained=trained,
        statement=statement,
        engine=engine,
        seed=seed,
        device=device,
        processes=processes,
        out=out,
        force=force,
        ledger=ledger,
        target=json,
    )


@app.command()
def replay(
    setting_id: Annotated[str, typer.Argument(metavar="SETTING-ID", help="An id that a check printed (ft1-...).")],
    allow_version: Annotated[bool, typer.Option("--allow-version", help="Also if other code made the id.")] = False,
    device: Device = "cpu",
    json: Json = None,
) -> int:
    """Train one setting again from its id alone, and print its measurements with their bounds."""
    from ftproofs.cli import replaying

    return replaying.replay(setting_id, device=device, allow_version=allow_version, target=json)


@app.command("eval")
def eval_(
    name: Annotated[str, typer.Argument(metavar="CLAIM|FUNCTION", help="A claim's id or a formula's name.")],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="p=v...", help="Exact values: 3, 0.7, 1/3, pi/2, sqrt(2), L=inf."),
    ] = None,
    digits: Annotated[str, typer.Option(metavar="D", help="Certain digits, 1 to 1000.")] = "30",
    json: Json = None,
) -> int:
    """A formula at a point, with a rigorous enclosure."""
    from ftproofs.cli import evaluate

    return evaluate.evaluate(name, values or [], digits=digits, target=json)


@app.command()
def bench(
    name: Annotated[
        list[str] | None, typer.Argument(help="Benchmarks, or the beginnings of names before a dot.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small and few: a glance within seconds each.")] = False,
    device: Device = "cpu",
    out: Annotated[str | None, typer.Option(metavar="DIR", help="A folder for bench.json and bench.svg.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    json: Json = None,
) -> int:
    """What ftproofs costs beside what one would otherwise run, at equal error, by turns in one process."""
    from ftproofs.cli import benching

    return benching.bench(name or [], quick=quick, device=device, out=out, force=force, target=json)


app.add_typer(export, name="export")
app.add_typer(ledgers, name="ledger")
app.command()(cite)
