"""Whether ``pytest --ftproofs`` says the same in any order and with workers: many runs, one outcome.

    python benchmarks/plugin_repeatability.py [--runs 50]

Small claims about each network, means and probabilities, true and false ones, at budget low;
every run shuffles the items by a seed of its own, and every second one has two workers
(pytest-xdist).  Compared are how each item ended, its word, and the message of its failure with
the counterexample's setting id, from the JUnit file.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

HEAD = """format = 1
[[claim]]
id = "{name}"
experiment = "linear.finetune"
quantifier = "{quantifier}"
{more}statement = "{statement}"
[claim.domain]
n = {{ min = 2, max = 6 }}
d = {{ min = 16, max = 20 }}
theta = {{ min = 0.2, max = 1 }}
"""
CLAIMS = (
    ("each-true", "each", "", "risk == perp_delta_norm**2"),
    ("each-false", "each", "", "risk == perp_delta_norm**2*d/(d - n)"),
    ("mean-true", "mean", "", "risk == (1 - n/d)*delta_norm**2"),
    ("mean-false", "mean", "", "risk == (1 - n/d)**2*delta_norm**2"),
    ("likely", "probability", "level = 0.9\n", "risk <= delta_norm**2*(1 - n/(4*d))"),
    ("unlikely", "probability", "level = 0.9\n", "risk <= delta_norm**2*(1 - n/d)"),
)
SHUFFLE = """import os, random

def pytest_collection_modifyitems(items):
    random.Random(int(os.environ["ORDER"])).shuffle(items)
"""


def outcomes(folder: Path, run: int) -> dict[str, tuple[str, ...]]:
    """What one run says of every item: how it ended, its properties, and the text of its failure."""
    report = folder / f"run{run}.xml"
    workers = ["-p", "xdist.plugin", "-n", "2"] if run % 2 else []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "ftproofs.pytest_plugin", "-p", "no:cacheprovider"]
    options = ["--ftproofs", "--ftproofs-select", "linear-span", f"--junitxml={report}", *workers]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "ORDER": str(run)}
    subprocess.run([*command, *options], cwd=folder, env=environment, check=False, stdout=subprocess.DEVNULL)
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        failures = [f"{part.tag}: {part.get('message')}" for part in case if part.tag in ("failure", "error")]
        said = [f"{p.get('name')}={p.get('value')}" for p in case.iter("property") if p.get("name") != "seconds"]
        found[f"{case.get('classname')}::{case.get('name')}"] = (*failures, *sorted(said))
    return found


def main() -> int:
    """Run and compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=50)
    runs = parser.parse_args().runs
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "conftest.py").write_text(SHUFFLE)
        for claim, quantifier, more, statement in CLAIMS:
            text = HEAD.format(name=claim, quantifier=quantifier, more=more, statement=statement)
            (folder / f"{claim}.toml").write_text(text)
        first = outcomes(folder, 0)
        for item, said in first.items():
            print(item, *said, sep="\n    ")
        assert len(first) == len(CLAIMS) + 1, "every claim is an item"
        different = 0
        for run in range(1, runs):
            found = outcomes(folder, run)
            if found != first:
                different += 1
                print(f"run {run} differs: {sorted(set(found.items()) ^ set(first.items()))}")
            print(f"{run + 1} runs, {different} different, {time.perf_counter() - begin:.0f} s", flush=True)
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())
