"""The decisions about means and their signs once more, and about each network, written from docs/verdicts.md."""

from math import ceil, inf, log, sqrt

import numpy as np
from rows import Differs, combine, violation
from scipy import stats

BETS = np.array([0.01, 0.03, 0.06, 0.12, 0.25, 0.5])[:, None]
REFUTE, CONFIRM, SIGN = log(1e6), log(1e3), log(1e3)  # log e-values
LEVEL, MISS = 2e-4, 1e-3  # of support; the chance of a miss that is planned
BLOCK = 256


def pooled(logs):
    """Log of the mean of the exponentials."""
    top = float(np.max(logs))
    return top + log(float(np.mean(np.exp(np.asarray(logs) - top)))) if np.isfinite(top) else top


def of_claim(fixed, found):
    """Log e-value of a claim: the mean of its anchors', of their product by bet, and of the settings found."""
    parts = [pooled(fixed), pooled(np.sum(fixed, 0))] if len(fixed) else []
    return pooled(parts + ([pooled(found)] if len(found) else []))


def bets(above, below, variance):
    """Log e-values (bet, 2) of draws against a mean of at most 0, and of at least 0 (Catoni)."""
    logs = []
    for x in (above, -below):
        size = np.minimum(np.abs(BETS / sqrt(variance) * x), 1e150)
        logs.append(np.copysign(np.log1p(size + size * size / 2), x).sum(1) - len(x) * BETS[:, 0] ** 2 / 2)
    return np.stack(logs, 1)


def bounded(values, marks, least):
    """A bound on the variance of a draw: 1.5 times that of the draws at any look, if that is more."""
    return max([least, *(1.5 * float(np.var(values[:mark], ddof=1)) for mark in marks)])


def numbers(*arrays):
    return all(np.isfinite(x).all() for x in arrays) and all(len(x) for x in arrays)


# -- each ------------------------------------------------------------------------


def each(d):
    """Certified gaps, row by row."""
    words, shown = [], []
    for gap, half, statuses, _ in d.gaps():
        for g, h, word in zip(gap, half, statuses, strict=True):
            if word == "not-converged":
                words.append("undecided")
            elif word not in ("ok", "saddle") or g != g:
                words.append("error")
            else:
                words.append("certified" if g + h <= d.tolerance else "refuted" if g - h > d.tolerance else "undecided")
            shown.append((float(g), float(h)))
    if not words or d.found["status"] == "none":
        return {"status": "none"}
    status = combine(words)
    sign = -1 if status == "refuted" else 1
    which = [pair for word, pair in zip(words, shown, strict=True) if word == status]
    gap, half = max(which, key=lambda pair: inf if pair[0] != pair[0] else pair[0] + sign * pair[1])
    return {"status": status, "gap": gap, "half_width": half}


def confirmed(d):
    """Whether some violation shows again by a second method, on the same data and on fresh ones."""
    again = {"explore": set(), "confirm": set()}
    for gap, half, _, lot in d.gaps():
        if (np.nan_to_num(gap - half, nan=-inf) > d.tolerance).any():
            again[lot["stage"]].add(lot["setting"])
    return bool(again["explore"] & again["confirm"])


# -- means, and their signs --------------------------------------------------------


class Mean:
    """The draws of one setting of a claim about means, or about their signs."""

    def __init__(self, d, i):
        self.sign, self.tolerance, self.relation = d.kind == "sign", d.tolerance, d.relation
        self.scale, self.may = d.facts["scales"][i], d.facts.get("supports", {i: True})[i] and i < d.facts["anchors"]
        self.side = d.facts["sides"][i] if self.sign else 1
        self.finer, self.least = (1 if self.sign else d.facts["finer"][i]), 0
        (p, q, *_), (self.lhs, self.rhs, _, self.marks) = d.draws(i, "pilot"), d.draws(i, "confirm")
        self.error = not numbers(p, q, self.lhs, self.rhs)
        self.logs, self.level = np.full(((1 if self.sign else 2) * len(BETS), 2), -inf), LEVEL
        if self.error:
            return
        pilot, draws = self.split(p, q), self.split(self.lhs, self.rhs)
        unit = max(abs(q.mean()), self.scale / 10)
        least = max(abs(pilot[0].mean()) / 4, np.finfo(float).tiny ** 0.5) if self.sign else self.tolerance * unit
        least = max(least**2, 1.5 * float(np.var(pilot[0], ddof=1)))
        self.variance = bounded(draws[0], self.marks, least)
        self.logs, self.spread = bets(*draws, self.variance), self.relative(p, q)[1]
        if not self.sign:  # once more on draws that are cut off at the pilot's twentieth
            self.ends = max(np.quantile(pilot[0], 0.95), 0), min(np.quantile(pilot[1], 0.05), 0)
            least = (self.tolerance * unit) ** 2
            least = [max(least, 1.5 * float(np.var(x, ddof=1))) for x in self.cut(pilot)]
            self.narrow = [bounded(x, self.marks, y) for x, y in zip(self.cut(draws), least, strict=True)]
            self.logs = np.concatenate([self.logs, self.cut_bets(draws, ())])

    def split(self, lhs, rhs):
        """What is positive, and what negative, where the claim is wrong; of a sign both are the value itself."""
        if self.sign:
            return self.side * lhs, self.side * lhs
        slack = 0 if self.relation == "==" else self.tolerance * np.maximum(np.abs(rhs), self.scale / 10)
        return lhs - rhs - slack, lhs - rhs + slack

    def cut(self, sides):
        return np.minimum(sides[0], self.ends[0]), np.maximum(sides[1], self.ends[1])

    def cut_bets(self, draws, marks):
        sides = zip(self.cut(draws), self.narrow, strict=True)
        above, below = (bets(x, x, bounded(x, marks, least)) for x, least in sides)
        return np.stack([above[:, 0], below[:, 1]], 1)

    def relative(self, lhs, rhs):
        """The relative error, and the standard deviation of a draw of it."""
        level, differences = float(rhs.mean()), lhs - rhs
        unit = max(abs(level), self.scale / 10)
        error = float(differences.mean()) / unit
        if abs(level) > self.scale / 10:
            differences = differences - error * np.sign(level) * (rhs - level)
        return error, float(differences.std(ddof=1)) / unit

    def interval(self, count, level):
        error, spread = self.relative(self.lhs[:count], self.rhs[:count])
        half = float(stats.t.isf(level, count - 1)) * spread / sqrt(count)
        return error - half, error + half

    def planned(self, spread, cap):
        """Draws after which a true claim is supported at half the level but with the chance of a miss."""
        draws = (stats.norm.isf(LEVEL / 2) + stats.norm.isf(MISS / 2)) ** 2 * (
            spread * self.finer / self.tolerance
        ) ** 2
        return cap if draws >= cap else max(BLOCK, ceil(draws / BLOCK) * BLOCK)

    def within(self, count, level):
        low, high = self.interval(count, level)
        return (high < self.tolerance or self.relation[0] == ">") and (low > -self.tolerance or self.relation[0] == "<")

    def supported(self, cap):
        """Support at the looks that were planned: one, or a second one after an extension."""
        first, count = max(self.planned(self.spread, cap), self.least), len(self.lhs)
        self.level = LEVEL if first >= cap else LEVEL / 2
        if count == first:
            return self.within(first, self.level)
        second = max(2 * first, self.planned(self.relative(self.lhs[:first], self.rhs[:first])[1], cap))
        if count != min(second, cap) or count < first or self.within(first, self.level):
            raise Differs(f"{count} draws are not what was planned ({first}, then {min(second, cap)})")
        return self.within(count, self.level)


def mean(d):
    """Means: e-processes refute, equivalence tests support.  Signs of means: e-processes both ways."""
    cap, sign = max(BLOCK, d.facts["cap"] // BLOCK * BLOCK), d.kind == "sign"
    tracks = [Mean(d, i) for i in range(len(d.facts["scales"]))]
    anchors = d.facts["anchors"]
    if not anchors:
        return {"status": "undecided"}
    costliest = max([track.planned(track.spread, cap) for track in tracks if track.may and not track.error], default=0)
    for track in tracks:
        if track.finer > 1:
            track.least = max(BLOCK, ceil(costliest / 4 / BLOCK) * BLOCK)
    ways = [1] if sign else {"=": [0, 1], "<": [0], ">": [1]}[d.relation[0]]
    logs = np.array([track.logs for track in tracks])[:, :, ways]
    found = {"log_evidence": of_claim(logs[:anchors], logs[anchors:]), "log_confirmation": None}
    open_ = found["log_evidence"] < REFUTE
    judged = [track for track in tracks if track.may and not track.error]
    if not open_ and any(len(track.lhs) > max(track.least, track.planned(track.spread, cap)) for track in judged):
        for track in judged:  # there was a look before the refutation
            track.level = LEVEL if track.planned(track.spread, cap) >= cap else LEVEL / 2
    supported = [open_ and not sign and track.supported(cap) for track in judged]
    right = [not t.error and pooled(t.logs[:, 0]) >= SIGN for t in tracks[:anchors]] if sign else []
    if not open_:
        chosen = [(i, t) for i, t in enumerate(tracks) if not t.error and logs[i].max() > 0]
        second = []
        for i, track in chosen:
            lhs, rhs, _, marks = d.draws(i, "second")
            values = track.split(lhs, rhs)
            found_there = bets(*values, bounded(values[0], marks, track.variance))
            if not sign:
                found_there = np.concatenate([found_there, track.cut_bets(values, marks)])
            second.append(
                found_there[:, [ways[int(logs[i].max(0).argmax())]]]
                if numbers(lhs, rhs)
                else np.full((logs.shape[1], 1), -inf)
            )
        found["log_confirmation"] = of_claim(second, [])
        status = "refuted" if found["log_confirmation"] >= CONFIRM else "undecided"
    elif any(track.error for track in tracks):
        status = "error"
    else:
        status = "supported" if (all(right) if sign else judged and all(supported)) else "undecided"
    shown = judged or [track for track in tracks if not track.error] or tracks
    own = [pooled(track.logs[:, ways]) for track in tracks]
    if sign:
        least = min(tracks[:anchors], key=lambda t: pooled(t.logs[:, 0]))
    elif not all(track.error for track in shown):
        least = max(shown, key=lambda t: violation(np.array(t.interval(len(t.lhs), t.level)), d.relation).max())
    else:
        least = None
    worst = tracks[int(np.argmax(own))] if status == "refuted" or (sign and not open_) else least
    for name, track in (("", least), ("worst_", worst)):
        if track is not None and not track.error:
            found |= {name + key: x for key, x in zip(("estimate", "interval"), figures(track), strict=True)}
    return found | {"status": status}


def figures(track):
    if not track.sign:
        return track.relative(track.lhs, track.rhs)[0], track.interval(len(track.lhs), track.level)
    values = track.side * track.lhs / track.scale
    half = float(stats.t.isf(1e-3, len(values) - 1)) * float(values.std(ddof=1)) / sqrt(len(values))
    return float(values.mean()), (float(values.mean()) - half, float(values.mean()) + half)
