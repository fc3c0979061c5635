"""pytest: claims as test items.

``pytest --ftproofs`` collects the catalog and every claim file it meets (a ``.toml``
file with a ``[[claim]]`` table).  An item passes when its verdict is as expected:
proved or supported, or refuted where the catalog says so; undecided fails.  Rows are
shared by all items of a process, so claims on one experiment train once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ftproofs.claim import Claim
    from ftproofs.run.audit import Submitted
    from ftproofs.verdict import Verdict

_STORE = pytest.StashKey[Any]()
BUDGETS = ("low", "default", "high")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("ftproofs", "theorems about fine-tuning")
    group.addoption("--ftproofs", action="store_true", help="collect the catalog's claims and claim files as tests")
    group.addoption(
        "--ftproofs-select", action="append", default=[], metavar="CLAIM", help="only these claims or families"
    )
    group.addoption("--ftproofs-budget", choices=BUDGETS, default="low", help="counts of draws and trainings")
    group.addoption("--ftproofs-seed", type=int, default=0, metavar="S", help="root seed")
    group.addoption("--ftproofs-ledger", default=None, metavar="FILE", help="keep rows there; a rerun trains less")


def pytest_configure(config: pytest.Config) -> None:
    """The marker of the items, and Hypothesis profiles for a user's own tests."""
    config.addinivalue_line("markers", "ftproofs: a claim checked by ftproofs")
    if config.getoption("--ftproofs"):
        _register_profiles()


def _register_profiles() -> None:
    """``dev``, ``ci`` and ``audit``: none has a deadline, ci draws the same examples every time."""
    from hypothesis import HealthCheck, settings

    slow = [HealthCheck.too_slow]
    settings.register_profile("dev", deadline=None, max_examples=20, print_blob=True, suppress_health_check=slow)
    settings.register_profile(
        "ci", deadline=None, derandomize=True, database=None, print_blob=True, suppress_health_check=slow
    )
    settings.register_profile("audit", deadline=None, max_examples=1000, print_blob=True, suppress_health_check=slow)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Claim files, where claims are asked for."""
    if not parent.config.getoption("--ftproofs") or file_path.suffix != ".toml":
        return None
    try:
        holds_claims = "[[claim]]" in file_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return ClaimFile.from_parent(parent, path=file_path) if holds_claims else None


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """The catalog's claims come after everything that was collected from files."""
    if not config.getoption("--ftproofs"):
        return
    selected = config.getoption("--ftproofs-select")
    items.extend(Catalog.from_parent(session, name="ftproofs", selected=selected).collect())


class Catalog(pytest.Collector):
    """The catalog, or the selected part of it."""

    def __init__(self, selected: list[str], **more: Any) -> None:
        super().__init__(**more)
        self.selected = selected

    def collect(self) -> Iterator[ClaimItem]:
        """One item a claim."""
        from ftproofs.catalog import find

        for claim in find(*self.selected):
            yield ClaimItem.from_parent(self, name=claim.id, claim=claim)


class ClaimFile(pytest.File):
    """A claim file; what is wrong with it is a collection error of one line."""

    def collect(self) -> Iterator[ClaimItem]:
        """One item a claim, after all were read and examined."""
        from ftproofs.run.audit import submitted

        for item in submitted([self.path]):
            yield ClaimItem.from_parent(self, name=item.claim.id, claim=item.claim, submitted=item)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """File, line and code instead of a traceback."""
        from ftproofs.errors import FTError

        return str(excinfo.value) if isinstance(excinfo.value, FTError) else super().repr_failure(excinfo)


class ClaimItem(pytest.Item):
    """A claim as a test."""

    def __init__(self, claim: Claim, submitted: Submitted | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.claim = claim
        self.submitted = submitted
        self.add_marker("ftproofs")

    def runtest(self) -> None:
        """Check the claim; what is not as expected fails."""
        from ftproofs.run.audit import verdict_of

        verdict = verdict_of(self.submitted, self._check) if self.submitted is not None else self._check(self.claim)
        self.user_properties += [("word", verdict.word), ("seconds", round(verdict.seconds, 3))]
        if not verdict.as_expected:
            raise AgainstExpectation(self.claim, verdict)

    def _check(self, claim: Claim) -> Verdict:
        from ftproofs.check import check

        option = self.config.getoption
        store = _store(self.config)
        return check(claim, budget=option("--ftproofs-budget"), seed=option("--ftproofs-seed"), store=store)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The word, the simplest and the worst setting and their replay lines."""
        return str(excinfo.value) if isinstance(excinfo.value, AgainstExpectation) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the claim stands."""
        if self.submitted is not None:
            return self.path, self.submitted.line - 1, self.name
        return self.path, None, f"ftproofs::{self.name}"


class AgainstExpectation(Exception):
    """A verdict that is not what the claim's author or the catalog expects."""

    def __init__(self, claim: Claim, verdict: Verdict) -> None:
        from ftproofs.report.account import account
        from ftproofs.report.figures import figure

        lines = [f"{claim.id}: {verdict.word}: {figure(verdict)}", *(str(s) for s in claim.statements)]
        super().__init__("\n".join([*lines, *account(claim, verdict)]))


def _store(config: pytest.Config) -> Any:
    """One store a process: memory, or the ledger of ``--ftproofs-ledger`` (one file a worker under xdist)."""
    if _STORE not in config.stash:
        path = config.getoption("--ftproofs-ledger")
        if path is None:
            from ftproofs.check import MemoryStore

            config.stash[_STORE] = MemoryStore()
        else:
            from ftproofs.numeric.device import resolve_device
            from ftproofs.numeric.seeds import code_hash
            from ftproofs.run.ledger import Ledger

            worker = getattr(config, "workerinput", {}).get("workerid", "")
            where = Path(path)
            where = where.with_name(f"{where.stem}.{worker}{where.suffix}") if worker else where
            ledger = Ledger(where, code_hash=code_hash(), device=resolve_device("auto"))
            config.add_cleanup(lambda: ledger.__exit__(None, None, None))
            config.stash[_STORE] = ledger.__enter__()
    return config.stash[_STORE]
