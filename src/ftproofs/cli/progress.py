"""A progress bar on stderr; silent when nobody watches."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ftproofs.cli.output import console


class CheckProgress:
    """Two bars: the claims, and the work on the present one.

    Calling it with ``(label, done, total)`` is the progress protocol of
    `ftproofs.check`.
    """

    def __init__(self, claims: int) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console(sys.stderr),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._claims = self._bars.add_task("claims", total=claims)
        self._work = self._bars.add_task("", total=None, visible=False)

    def __enter__(self) -> CheckProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def claim(self, name: str) -> None:
        """A claim begins."""
        self._bars.update(self._claims, description=name)
        self._bars.reset(self._work, visible=False)

    def done(self) -> None:
        """A claim is finished."""
        self._bars.advance(self._claims)

    def __call__(self, label: str, done: int, total: int) -> None:
        self._bars.update(self._work, description=label, completed=done, total=total, visible=True)
