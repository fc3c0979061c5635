"""A ledger's rows and decisions, read without ftproofs."""

import ast
import hashlib
import json
import zlib
from functools import cache
from math import isfinite, nan
from operator import add, mul, sub, truediv

import mpmath
import numpy as np

ORDER = ("refuted", "error", "undecided", "none", "supported", "certified")
NAMES = ("sqrt", "exp", "log", "sin", "cos", "tanh", "sinh", "atan", "erfc", "hypot", "sign")
FUNCTIONS = {name: getattr(mpmath, name) for name in NAMES}
FUNCTIONS |= {"Abs": abs, "Max": max, "Min": min}
CONSTANTS = {"pi": mpmath.pi, "E": mpmath.e, "oo": mpmath.inf}
OPERATIONS = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv, ast.Pow: lambda a, b: mpmath.mpf(a) ** b}
COMPARES = {ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal}


class Differs(Exception):
    """What is stored is not what follows from the rows."""


def same(what, told, own):
    """Compare figures; infinities are stored as words, and what there is not as None."""
    pairs = [[nan if x is None else float(x) for x in np.ravel(np.array(side, object))] for side in (told, own)]
    if len(pairs[0]) != len(pairs[1]) or not np.allclose(*pairs, rtol=1e-7, atol=1e-12, equal_nan=True):
        raise Differs(f"{what}: the ledger says {told}, its rows say {own}")


def combine(words):
    """Refuted if any is, else error if any is, else the weakest; of nothing undecided."""
    found = set(words)
    return next((word for word in ORDER if word in found), "undecided")


def violation(errors, relation):
    """How far ``lhs - rhs`` is from satisfying the relation."""
    return np.abs(errors) if relation == "==" else errors if relation[0] == "<" else -errors


def value(node, at):
    """An expression at 50 digits; KeyError where it has a name or a function that is not known here."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, bool) else mpmath.mpf(node.value)
    if isinstance(node, ast.Name):
        return CONSTANTS[node.id] if node.id in CONSTANTS else at[node.id]
    if isinstance(node, ast.UnaryOp):
        return -value(node.operand, at)
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](value(node.left, at), value(node.right, at))
    if isinstance(node, ast.Compare):
        return COMPARES[type(node.ops[0])](value(node.left, at), value(node.comparators[0], at))
    if isinstance(node, ast.Call) and node.func.id == "Piecewise":
        return next(value(case.elts[0], at) for case in node.args if value(case.elts[1], at))
    if isinstance(node, ast.Call):
        return FUNCTIONS[node.func.id](*(value(argument, at) for argument in node.args))
    raise KeyError(type(node).__name__)


@cache
def parsed(text):
    return ast.parse(text, mode="eval").body


class Rows:
    """A stored block of rows, decoded after its checksum."""

    def __init__(self, key, header, packed, checksum):
        parts = b"".join(len(part).to_bytes(8, "little") + part for part in (key, header.encode(), packed))
        if hashlib.sha256(parts).digest() != checksum:
            raise Differs("checksum of rows")
        head, begin = json.loads(header), 0
        table = np.frombuffer(zlib.decompress(packed), "<f8").reshape(-1, head["cases"])
        self.groups = {}
        for group in ("values", "bounds", "info"):
            self.groups[group] = dict(zip(head[group], table[begin : begin + len(head[group])], strict=True))
            begin += len(head[group])
        self.values, self.bounds = self.groups["values"], self.groups["bounds"]
        self.status = [word for word, count in head["status"] for _ in range(count)]
        self.runs = json.loads(head["block"])[3]

    def at(self, case):
        """Everything known of a case by name: its setting, and what was measured."""
        ends = np.cumsum([run[4] for run in self.runs])
        values = self.runs[int(np.searchsorted(ends, case, side="right"))][0]
        known = {name: mpmath.mpf(x) for name, x in values.items() if not isinstance(x, str)}
        if {"n", "d"} <= set(known):
            known.setdefault("gamma", known["n"] / known["d"])
        if "gamma_s" in known and isfinite(known["gamma_s"]):
            known["gamma_s"] = max(1, round(float(known["gamma_s"]) * int(known["d"]))) / known["d"]
        return known | {name: mpmath.mpf(float(x[case])) for name, x in self.values.items()}


class Decision:
    """A stored decision: its rule (``facts``), the rows it looked at (``lots``), and what it ``found``."""

    def __init__(self, content, arrays, find, counts):
        self.kind, self.link, self.number = content["kind"], content["link"], content["statement"]
        self.facts, self.found, self.find, self.counts = content["facts"], content["found"], find, counts
        self.lots = [lot | {"arrays": {name: arrays(size) for name, size in lot["arrays"]}} for lot in content["lots"]]
        self.relation, self.tolerance = self.facts.get("relation", "=="), self.facts.get("tolerance", 1.0)

    def predicted(self, text, rows, case, told, scale):
        """Compare a side with its expression, where that can be worked out here."""
        try:
            own = value(parsed(text), rows.at(case))
        except (KeyError, ZeroDivisionError, StopIteration, OverflowError):
            self.counts["told"] += 1
            return
        self.counts["worked out"] += 1
        own = nan if isinstance(own, mpmath.mpc) else float(own)
        if isfinite(own) and not abs(own - told) <= 1e-9 * max(abs(own), abs(scale) / 10):
            raise Differs(f"{text} is {own}, the ledger says {told}")

    def draws(self, setting, stage, size=0):
        """lhs, rhs and trivial of a setting's draws, and after how many of them it was looked at."""
        columns, marks, tasks = ([], [], []), [0], self.facts.get("tasks", 1)
        scales = self.facts.get("scales")
        for lot in self.lots:
            if (lot["setting"], lot["size"], lot["stage"].partition("/")[0]) != (setting, size, stage):
                continue
            rows, arrays = [self.find(block) for block in lot["blocks"]], lot["arrays"]
            measured = None if "lhs" in arrays else np.concatenate([r.values[self.facts["lhs"]] for r in rows])
            lhs, rhs, first = arrays["lhs"] if measured is None else measured, arrays["rhs"], 0
            if lot["start"] != marks[-1] or lot["method"] != (stage == "second") or len(lhs) != len(rhs):
                raise Differs(f"draws of setting {setting} are left out, come twice or have no prediction")
            for r in rows[:2] + rows[-1:]:
                first = 0 if r is rows[0] else len(rows[0].status) if r is not rows[-1] else len(rhs) - len(r.status)
                for side, told in (("lhs", lhs), ("rhs", rhs)):
                    self.predicted(self.facts[side], r, 0, float(told[first]), scales[setting] if scales else 1.0)
            self.counts["rows"] += len(rhs)
            for column, side in zip(columns, (lhs, rhs, arrays.get("trivial", 0 * lhs)), strict=True):
                column.append(side.reshape(-1, tasks).mean(1))
            marks.append(lot["start"] + len(lhs) // tasks)
        lhs, rhs, trivial = (np.concatenate([np.zeros(0), *column]) for column in columns)
        return lhs, rhs + (self.facts["shifts"][setting] if "shifts" in self.facts else 0.0), trivial, marks[1:]

    def gaps(self):
        """Of every lot: gaps and half-widths relative to their unit, statuses, and the lot."""
        for lot in self.lots:
            rows, told = [self.find(block) for block in lot["blocks"]], lot["arrays"]
            self.counts["rows"] += len(rows[0].status)
            if self.kind == "against-oracle":
                ours, theirs = rows
                for name, unit in told.items():
                    gap = np.abs(ours.values[name] - theirs.values[name]) / unit
                    yield gap, (ours.bounds[name] + theirs.bounds[name]) / unit, ours.status, lot
                continue
            statement = self.facts["statements"][lot["size"] if self.kind == "confirm" else lot["setting"]]
            sound, (rows,) = np.isfinite(told["gap"]), rows
            gap = violation(told["observed"] - told["predicted"], statement["relation"]) / told["unit"]
            same("gap", told["gap"][sound], gap[sound])
            half = told["half_width"] * told["unit"]
            if (told["unit"] < np.abs(told["predicted"]))[sound].any():
                raise Differs("a unit is smaller than what it is a unit of")
            for case in np.flatnonzero(sound):
                self.covers(statement["lhs"], rows, case, told["observed"][case], half[case], told["unit"][case])
                self.covers(statement["rhs"], rows, case, told["predicted"][case], half[case], told["unit"][case])
            yield told["gap"], told["half_width"], ["ok"] * len(gap) if self.link == "B" else rows.status, lot

    def covers(self, text, rows, case, middle, half, unit):
        """Whether a side's interval holds what was measured with its bound, or what the expression is worth."""
        if text in rows.values:
            x, room = float(rows.values[text][case]), float(rows.bounds[text][case])
            slack = 1e-12 * abs(x)
            if middle - half > max(x - room, 0.0) + slack or middle + half < min(x + room, 1e300) - slack:
                raise Differs(f"{text} was measured as {x}, the ledger says {middle}")
        elif isfinite(half) and half < 1e-3 * unit:
            self.predicted(text, rows, case, middle, max(unit, 1e10 * half) * 10)
