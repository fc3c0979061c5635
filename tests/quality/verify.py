"""Whether each file of the audit suite is what its first line says, found without the package under test.

    python tests/quality/verify.py [NAME ...]

Only numpy and scipy: `simulate` (linear and deep linear networks), `relu_nets`, `clients` and `diagonal_nets` draw data
sets at random settings of a file's domain and solve for where networks trained on them end; the statement is evaluated
on the draws.

- each: a true one holds on every draw to 1e-7 (1e-4 where an ODE solver is behind it); a
  wrong one fails by more than 1e-4 on at least 5 % of them.
- mean: at every setting the mean error is within 4.5 standard errors of 0; a wrong one is
  more than 8 of them, and more than the tolerance, off somewhere.
- limit: at d = 100 and 400 with realised ratios; a true one's error is small or shrinks,
  a wrong one's is beyond the tolerance and does not shrink.
- sign: the mean's sign at settings off the boundary is the predicted one, or 8 standard errors against it.
- probability: violations stay below 1 - level everywhere, with 4 standard errors to spare;
  a wrong one has more than that somewhere.

The exit status is 1 if a file is not what it says.
"""

from __future__ import annotations

import math
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from clients import Clients
from diagonal_nets import Diagonal
from relu_nets import Infinite, Leaky, Tangent
from simulate import Draws, Setting

FOLDER = Path(__file__).parent / "claims"
INTEGERS = {"n", "d", "L", "width", "frozen", "spikes", "steps", "m", "clients", "local_steps"}
TOLERANCE = {"mean": 0.02, "limit": 0.05, "probability": 1e-6}
FUNCTIONS = {
    **{name: getattr(np, name) for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "sign")},
    **{f"a{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "sinh")},
    "Abs": np.abs,
    "Max": np.maximum,
    "Min": np.minimum,
    "pi": math.pi,
    "E": math.e,
}
ODE = ("min_beta_norm", "decay_rate")
#: Where a draw takes longer, so many at most.
MOST = {"leaky-relu.train": 200, "relu.infinite": 1000, "federated.server": 500, "federated.finetune": 500}

Simulated = Draws | Tangent | Infinite | Leaky | Clients | Diagonal


def simulated(experiment: str, setting: Setting, count: int, rng: np.random.Generator) -> Simulated:
    """Draws at a setting, by the experiment's family."""
    count = min(count, MOST.get(experiment, count))
    match experiment.partition(".")[0]:
        case "relu":
            return {"relu.tangent": Tangent, "relu.infinite": Infinite}[experiment](setting, count, rng)
        case "leaky-relu":
            return Leaky(setting, count, rng)
        case "federated":
            return Clients(setting, count, rng)
        case "diagonal":
            return Diagonal(experiment, setting, count, rng)
    return Draws(experiment, setting, count, rng)


@dataclass
class Finding:
    """Whether a statement holds, whether it fails, and the figures for the table."""

    holds: bool
    fails: bool
    figures: str


def value(text: Any, names: dict[str, Any] | None = None) -> Any:
    """A number, or an expression over names; the files are the suite's own."""
    return eval(text, FUNCTIONS | (names or {})) if isinstance(text, str) else text


def sample(claim: dict[str, Any], rng: np.random.Generator, size: int | None) -> Setting:
    """A setting of the domain that meets the conditions; for a limit at that size."""
    conditions = claim.get("where", [])
    for _ in range(10_000):
        p: Setting = {}
        for name, given in claim["domain"].items():
            if isinstance(given, dict):
                low, high = value(given["min"]), value(given["max"])
                p[name] = int(rng.integers(low, high + 1)) if name in INTEGERS else float(rng.uniform(low, high))
            elif isinstance(given, list):
                p[name] = given[rng.integers(len(given))]
            else:
                p[name] = value(given) if name == "theta" else given
        if size is not None:
            p |= {"n": max(1, round(float(p.pop("gamma")) * size)), "d": size}
        texts = [conditions] if isinstance(conditions, str) else conditions
        if all(value(text, {"L": 2, "frozen": 1} | p) for text in texts):
            return p
    raise RuntimeError(f"no setting of {claim['id']} found")


def sides(statement: str, draws: Simulated) -> tuple[str, np.ndarray, np.ndarray]:
    """The relation with both sides on every draw."""
    left, relation, right = re.split(r"(==|<=|>=|<|>)", statement)
    names = {n: draws.measure(n) for n in re.findall(r"[a-zA-Z_]\w*", left + right) if n not in FUNCTIONS}
    lhs, rhs = (np.broadcast_to(np.asarray(value(part.strip(), names), float), draws.count) for part in (left, right))
    return relation, lhs, rhs


def violation(relation: str, difference: np.ndarray) -> np.ndarray:
    """By how much the relation fails, at most 0 where it holds."""
    return np.abs(difference) if relation == "==" else difference if relation in ("<", "<=") else -difference


def statements(claim: dict[str, Any]) -> list[str]:
    """The claim's statements."""
    return [claim["statement"]] if isinstance(claim["statement"], str) else claim["statement"]


def each(claim: dict[str, Any], rng: np.random.Generator) -> Finding:
    """Every draw by itself."""
    exact = not any(name in text for text in statements(claim) for name in ODE)
    flows = claim["experiment"].startswith("diagonal.") or "flow" in str(claim["domain"].get("optimizer"))
    integrated = flows or not exact or "imbalance" in claim["domain"]
    gaps = []
    for _ in range(60 if not integrated else 16):
        draws = simulated(claim["experiment"], sample(claim, rng, None), 4 if not integrated else 2, rng)
        worst = [
            violation(r, a - b) / np.maximum(np.abs(b), 0.1) for r, a, b in (sides(s, draws) for s in statements(claim))
        ]
        gaps.append(np.max(worst, axis=0))
    gap = np.concatenate(gaps)
    share = float((gap > 1e-4).mean())
    return Finding(
        bool(gap.max() <= (1e-4 if integrated else 1e-7)),
        share >= 0.05,
        f"{len(gap)} draws, {share:.0%} off, worst {gap.max():.2g}",
    )


def mean(claim: dict[str, Any], rng: np.random.Generator) -> Finding:
    """Averages over many draws at a few settings."""
    tolerance = claim.get("tolerance", TOLERANCE["mean"])
    scores, errors = [], []
    for _ in range(12):
        setting = sample(claim, rng, None)
        parts = [[] for _ in statements(claim)]
        relations = [""] * len(parts)
        for _ in range(10):
            draws = simulated(claim["experiment"], setting, 2000, rng)
            for i, text in enumerate(statements(claim)):
                relations[i], lhs, rhs = sides(text, draws)
                parts[i].append((lhs - rhs, rhs))
        for relation, found in zip(relations, parts, strict=True):
            gap, rhs = (np.concatenate(x) for x in zip(*found, strict=True))
            off = float(violation(relation, gap.mean()))
            scores.append(off / (gap.std() / math.sqrt(len(gap)) + 1e-12))
            errors.append(off / max(abs(rhs.mean()), 0.1))
    worst = int(np.argmax(scores))
    return Finding(
        max(scores) < 4.5,
        any(z > 8 and error > tolerance for z, error in zip(scores, errors, strict=True)),
        f"12 settings, worst {scores[worst]:.1f} se ({errors[worst]:.1%})",
    )


def sign(claim: dict[str, Any], rng: np.random.Generator) -> Finding:
    """Signs of averages at settings where the predicted boundary is not near."""
    left, right = (part.strip() for part in claim["statement"].split("=="))
    holds, fails, wrong, sure = True, False, 0, 0
    for _ in range(24):
        draws = simulated(claim["experiment"], sample(claim, rng, None), 4000, rng)
        names = {n: draws.measure(n) for n in re.findall(r"[a-zA-Z_]\w*", left + right) if n not in FUNCTIONS}
        found, predicted = (value(part[len("sign") :], names) for part in (left, right))
        score = float(np.sign(predicted) * found.mean() / (found.std() / math.sqrt(len(found))))
        far = abs(float(predicted)) > 0.1
        sure += far
        wrong += far and score < 0
        holds &= not far or score > -4.5
        fails |= far and score < -8
    return Finding(holds, fails, f"{sure} settings off the boundary, {wrong} with the other sign")


def limit(claim: dict[str, Any], rng: np.random.Generator) -> Finding:
    """The same settings at two sizes."""
    holds, fails, shown = True, False, (0.0, 0.0)
    for _ in range(8):
        state = rng.bit_generator.state
        found = []
        for size, count in ((100, 1200), (400, 80)):
            rng.bit_generator.state = state
            setting = sample(claim, rng, size)
            draws = simulated(claim["experiment"], setting, count, rng)
            worst = (-math.inf, 0.0)
            for text in statements(claim):
                relation, lhs, rhs = sides(text, draws)
                unit = max(abs(rhs.mean()), 0.1)
                error = float(violation(relation, (lhs - rhs).mean())) / unit
                worst = max(worst, (error, float((lhs - rhs).std()) / math.sqrt(draws.count) / unit))
            found.append(worst)
        (small, _), (large, noise) = found
        holds &= large <= max(4 * noise, small / 2, 0.01)
        if large > TOLERANCE["limit"] + 4 * noise and large > 0.7 * small:
            fails = True
        if large > shown[1]:
            shown = (small, large)
    return Finding(holds, fails, f"8 settings, worst {shown[0]:.1%} at d = 100, {shown[1]:.1%} at d = 400")


def probability(claim: dict[str, Any], rng: np.random.Generator) -> Finding:
    """Shares of violations at settings; a wrong claim's must also exceed the tolerance."""
    holds, fails, shown = True, False, (0.0, 0.0)
    for _ in range(30):
        setting = sample(claim, rng, None)
        allowed = 1 - float(value(claim["level"], {k: x for k, x in setting.items() if not isinstance(x, str)}))
        draws = simulated(claim["experiment"], setting, 3000, rng)
        plain, clear = np.zeros(draws.count, bool), np.zeros(draws.count, bool)
        for text in statements(claim):
            relation, lhs, rhs = sides(text, draws)
            off = violation(relation, lhs - rhs) / np.maximum(np.abs(rhs), 0.1)
            plain |= off > 1e-12
            clear |= off > TOLERANCE["probability"]
        noise = 4 * math.sqrt(allowed * (1 - allowed) / draws.count)
        holds &= plain.mean() + noise <= allowed
        fails |= clear.mean() - noise > allowed
        shown = max(shown, (float(plain.mean()), allowed))
    return Finding(holds, fails, f"30 settings, at most {shown[0]:.1%} violations of {shown[1]:.1%} allowed")


def verify(path: Path) -> tuple[bool, str]:
    """Whether the file is what it says, and the figures."""
    text = path.read_text()
    true = text.startswith("# true: ")
    (claim,) = tomllib.loads(text)["claim"]
    rng = np.random.default_rng(abs(hash_of(path.stem)))
    kinds = {"each": each, "mean": mean, "limit": limit, "probability": probability}
    found = sign(claim, rng) if str(claim["statement"]).startswith("sign(") else kinds[claim["quantifier"]](claim, rng)
    right = found.holds and not found.fails if true else found.fails and not found.holds
    return right, found.figures


def hash_of(text: str) -> int:
    """A seed from a name, the same in every process."""
    return int.from_bytes(text.encode()[-12:], "big")


def main() -> int:
    """Verify the files and print a line for each."""
    words, bad = sys.argv[1:], 0
    for path in sorted(FOLDER.glob("*.toml")):
        if words and not path.stem.startswith(tuple(words)):
            continue
        right, figures = verify(path)
        bad += not right
        what = "true" if path.read_text().startswith("# true: ") else "wrong"
        print(f"{path.stem:28} {what:6} {'verified' if right else 'NOT SO':9} {figures}", flush=True)
    print(f"{bad} files are not what they say" if bad else "every file is what it says")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
