"""Kill checks at random times and resume them: ``python benchmarks/kills.py [--kills 50] [--seed 0]``.

A third of the kills falls on a run by itself, a third on one of two runs on the same ledger,
a third on a run with a pool of processes.  Every training and every acknowledgement is
logged.  Printed, and checked at the end of every series: rows that were acknowledged and
are lost, blocks that were trained again after a run had kept them, blocks in flight at a kill, and whether the
report is that of a run which nothing disturbed.  Exit status 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CLAIMS = ("linear-endpoint", "linear-bias-mean", "linear-gaussian-bound", "deep-linear-frozen-isotropic")
#: Seconds after which a run that does nothing is taken for one that hangs.
PATIENCE = 600.0


def log(kind: str, name: str) -> None:
    """A line of the log: whole or not there, whoever is killed."""
    handle = os.open(os.environ["KILLS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{kind} {os.environ['KILLS_RUN']} {name}\n".encode())
    os.close(handle)


def watch() -> None:
    """Log every training and every row that is kept, here and in processes begun from here."""
    from ftproofs.numeric import experiments
    from ftproofs.run.ledger import Ledger

    run, put = experiments.run, Ledger.put

    def name(block: Any) -> str:
        return hashlib.sha256(block.canonical().encode()).hexdigest()[:20]

    def watched_run(block: Any, **more: Any) -> Any:
        rows = run(block, **more)
        log("trained", name(block))
        return rows

    def watched_put(self: Ledger, rows: Any) -> None:
        put(self, rows)
        log("kept", name(rows.block))

    experiments.run, Ledger.put = watched_run, watched_put  # type: ignore[method-assign]


@dataclass
class Series:
    """Kills of one kind, on one ledger."""

    name: str
    words: tuple[str, ...]
    together: int
    kills: int
    rng: random.Random
    folder: Path
    launched: int = 0
    killed: int = 0
    running: list[tuple[subprocess.Popen[bytes], Path]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Of what was trained and kept."""
        return self.folder / "log"

    def launch(self) -> None:
        """Begin a run, in a group of processes of its own."""
        self.launched += 1
        out = self.folder / f"{self.launched}.json"
        command = [sys.executable, __file__, "--child", "check", *CLAIMS, "--budget", "low", "--settings", "4"]
        command += ["--device", "cpu", "--ledger", str(self.folder / "rows.sqlite"), "--json", str(out), *self.words]
        environment = os.environ | {"KILLS_LOG": str(self.log), "KILLS_RUN": str(self.launched)}
        self.log.touch()
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=self.folder,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.running.append((process, out))

    def go(self) -> list[Path]:
        """Kill and begin again until there were kills enough, then let all end; the reports that were reached."""
        reports = []
        for _ in range(self.together):
            self.launch()
        due = self.next()
        while self.running:
            time.sleep(0.005)
            for process, out in list(self.running):
                if process.poll() is not None:
                    self.running.remove((process, out))
                    assert process.stderr is not None
                    if process.returncode != 0:
                        raise RuntimeError(
                            f"{self.name}: {process.returncode}: {process.stderr.read().decode()[-500:]}"
                        )
                    reports.append(out)
                    if self.killed < self.kills:
                        self.launch()
            if self.killed < self.kills and self.running and due():
                process, out = self.running.pop(self.rng.randrange(len(self.running)))
                # Half of the time all its processes at once; else the first alone, and the others are to notice.
                (os.killpg if self.rng.random() < 0.5 else os.kill)(process.pid, signal.SIGKILL)
                process.wait()
                self.killed += 1
                self.launch()
                due = self.next()
        return reports

    def next(self) -> Callable[[], bool]:
        """When to kill next: sometime in start-up, or a moment after something more was trained."""
        begin, lines = time.monotonic(), len(self.log.read_bytes()) if self.log.exists() else 0
        early = self.rng.random() < 0.2
        delay = self.rng.uniform(0, 3.0 if early else 0.6)
        seen: list[float] = [begin] if early else []

        def due() -> bool:
            now = time.monotonic()
            if not seen and len(self.log.read_bytes()) > lines:
                seen.append(now)
            if now - begin > PATIENCE:
                raise RuntimeError(f"{self.name}: nothing was trained for {PATIENCE:g} s")
            return bool(seen) and now - seen[0] >= delay

        return due

    def findings(self) -> dict[str, int]:
        """What the log says: acknowledged and lost, trained again though kept, in flight at a kill."""
        from ftproofs.numeric.seeds import code_hash
        from ftproofs.run import ledger_tools
        from ftproofs.run.ledger import Ledger

        trained, kept, again = Counter[tuple[str, str]](), set[str](), 0
        done = Counter[str]()
        for line in self.log.read_text().splitlines():
            kind, run, name = line.split()
            if kind == "trained":
                again += name in kept
                trained[run, name] += 1
            else:
                kept.add(name)
                done[name] += trained[run, name]
                trained[run, name] = 0
        # By two runs at once, which both went on to keep it.
        again += sum(count - 1 for count in done.values())
        with Ledger(self.folder / "rows.sqlite", code_hash=code_hash()) as ledger:
            sound = ledger_tools.verify(ledger)
            blocks = [json.loads(header)["block"] for (header,) in ledger.query("SELECT header FROM blocks")]
        there = {hashlib.sha256(block.encode()).hexdigest()[:20] for block in blocks}
        return {
            "kills": self.killed,
            "blocks": sound.blocks,
            "lost": len(kept - there),
            "damaged": len(sound.damaged),
            "again": again,
            "in flight": sum(trained.values()),
        }


def without_times(value: Any) -> Any:
    """A report without times, and without what the run was told of executors and files."""
    if isinstance(value, dict):
        return {k: without_times(x) for k, x in value.items() if k not in ("seconds", "executor", "ledger")}
    return [without_times(x) for x in value] if isinstance(value, list) else value


def main(kills: int, seed: int) -> int:
    """Run the series; the exit status."""
    rng, wrong = random.Random(seed), False
    with tempfile.TemporaryDirectory() as root:

        def series(name: str, words: tuple[str, ...], together: int, count: int) -> tuple[Series, list[Any]]:
            folder = Path(root) / name.replace(" ", "-")
            folder.mkdir()
            made = Series(name, words, together, count, rng, folder)
            return made, [without_times(json.loads(out.read_text())) for out in made.go()]

        alone, pool = ("--executor", "in-process"), ("--executor", "processes", "--workers", "2")
        calm, (report,) = series("undisturbed", alone, 1, 0)
        print(f"undisturbed: {calm.findings()['blocks']} blocks")
        shares = [kills // 3 + (place < kills % 3) for place in range(3)]
        plan = (("one run", alone, 1), ("two runs at once", alone, 2), ("a pool of processes", pool, 1))
        for (name, words, together), count in zip(plan, shares, strict=True):
            begin = time.monotonic()
            disturbed, reports = series(name, words, together, count)
            found = disturbed.findings()
            same = bool(reports) and all(one == report for one in reports)
            bad = found["lost"] + found["damaged"] + found["again"]
            wrong |= bad > 0 or not same or found["blocks"] != calm.findings()["blocks"]
            told = ", ".join(f"{number} {what}" for what, number in found.items())
            said = "identical" if same else "DIFFERENT"
            print(f"{name}: {told}; {len(reports)} reports {said}; {time.monotonic() - begin:.0f} s", flush=True)
    return int(wrong)


if __name__ in ("__main__", "__mp_main__") and "KILLS_RUN" in os.environ:
    watch()

if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        from ftproofs.cli.entry import main as command

        sys.argv[1:] = sys.argv[2:]
        sys.exit(command())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    sys.exit(main(**vars(parser.parse_args())))
