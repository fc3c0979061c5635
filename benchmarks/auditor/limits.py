"""The decisions about limits and their signs, probabilities and trends once more, written from docs/verdicts.md."""

from math import ceil, inf, log, log2, sqrt

import numpy as np
from means import BLOCK, CONFIRM, REFUTE, numbers, of_claim, pooled
from rows import Differs, violation
from scipy import stats

ODDS = np.array([1.1, 1.25, 1.5, 2, 3, 5, 10])[:, None]
LEVEL = 1e-3  # of the support of a probability, over all looks
SUPPORT, REFUTED, CONFIRMED, SIGNED = 3.4, 4.4, 3.1, 3.72  # standard deviations
MISFIT, ROUND = 1e-4, 32


class Ladder:
    """Means over growing sizes, and their limit."""

    def __init__(self, d, i, stage="confirm", unit=None):
        even, most = (d.facts[name][i] if name in d.facts else None for name in ("even", "confirmed"))
        self.sizes = np.array(d.facts["ladders"][i][: most if stage == "second" else None], float)
        self.sign, self.tolerance, self.relation = d.kind == "sign-limit", d.tolerance, d.relation
        side = d.facts["sides"][i] if self.sign else 1
        draws = [d.draws(i, stage, size)[:2] for size in range(len(self.sizes))]
        pilot = d.draws(i, "pilot", len(self.sizes) - 1)
        spread, level = pilot[0].std(ddof=1) if len(pilot[0]) > 1 else inf, abs(float(pilot[0].mean()))
        own = max(spread, level / 4, np.finfo(float).tiny ** 0.5)
        self.unit = unit or (own if self.sign else max(abs(float(pilot[1].mean())), d.facts["scales"][i] / 10))
        self.error = not numbers(pilot[0], pilot[1], *(side for pair in draws for side in pair))
        if self.error:
            return
        values = [side * (lhs - (0 if self.sign else rhs)) / self.unit for lhs, rhs in draws]
        ones = [ROUND if even and stage != "second" else round(ROUND * self.sizes[-1] / d) for d in self.sizes]
        rounds = {round(len(x) / one, 9) for x, one in zip(values, ones, strict=True)}
        if len(rounds) > 1 or max(rounds) > max(1, d.facts["cap"] // ROUND):
            raise Differs(f"{rounds} rounds of draws at the sizes of one ladder")
        self.counts, self.means = np.array([len(x) for x in values]), np.array([x.mean() for x in values])
        errors = np.array([x.std(ddof=1) for x in values]) / np.sqrt(self.counts)
        self.errors = np.maximum(errors, 0.01 * self.tolerance)
        self.limit, self.error_of_limit, self.misfit, weights = self.fit(1, 2)
        self.widening = abs(self.limit - self.fit(1)[0]) / 2
        shares = (weights * self.errors) ** 2
        self.freedom = float(shares.sum() ** 2 / (shares**2 / (self.counts - 1)).sum())
        self.adequate = self.described(self.misfit)
        self.powers = [self.fit(power) for power in np.linspace(0.5, 3.0, 51)]

    def fit(self, *powers):
        """Limit, standard error, squared residuals and weights of the fit in powers of 1/d."""
        design = np.stack([(self.sizes / self.sizes[0]) ** -power for power in (0, *powers)], 1) / self.errors[:, None]
        inverse = np.linalg.pinv(design)
        left = self.means / self.errors - design @ (inverse @ (self.means / self.errors))
        weights = inverse[0] / self.errors
        return float(weights @ self.means), float(np.linalg.norm(inverse[0])), float(left @ left), weights

    def described(self, residual):
        freedom = len(self.sizes) - 3
        return freedom == 0 or float(stats.chi2.sf(residual, freedom)) >= MISFIT

    def interval(self, z):
        """At the declared rate 1/d."""
        half = float(stats.t.isf(stats.norm.sf(z), self.freedom)) * self.error_of_limit + self.widening
        return self.limit - half, self.limit + half

    def free(self, z):
        """At any rate that describes the means."""
        least = min(fit[2] for fit in self.powers)
        if not self.described(least):
            return None
        half = [(f[0], sqrt(z**2 - f[2] + least) * f[1]) for f in self.powers if z**2 - f[2] + least >= 0]
        return min(limit - h for limit, h in half), max(limit + h for limit, h in half)

    def side(self, interval):
        """+1 where all of it is too large, -1 where too small."""
        room = 0.0 if self.relation == "==" else self.tolerance
        over, under = interval[0] > room, interval[1] < -room
        return 1 if over and self.relation[0] in "=<" else -1 if under and self.relation[0] in "=>" else 0

    def violates(self, z):
        """On which side the limit violates the relation, or an error of ten tolerances hardly shrinks; else 0."""
        if self.adequate:
            return self.side(self.interval(z))
        sign = 1 if self.means[-1] > 0 else -1
        m, e, kept = sign * self.means[-3:], self.errors[-3:], (self.sizes[-3:-1] / self.sizes[-2:]) ** 0.25
        lasts = m[1:] - kept * m[:-1] - z * np.sqrt(e[1:] ** 2 + (kept * e[:-1]) ** 2) > 0
        large = m[-1] - z * e[-1] > 10 * self.tolerance
        return self.side((sign * m[-1],) * 2) if large and lasts.all() and (m > 0).all() else 0

    def accuses(self):
        side, free = self.violates(REFUTED), self.free(REFUTED)
        return side if side and (free is None or self.side(free) == side) else 0

    def supported(self):
        """ "doubt" where no extrapolation is to be trusted; else whether the limit lies within the tolerance."""
        if not self.adequate:
            return "doubt"
        for z in (SUPPORT, REFUTED):
            low, high, free = *self.interval(z), self.free(z)
            if free is not None and (free[1] < low or free[0] > high):
                return "doubt"
        if self.violates(REFUTED) and not self.accuses():
            return "doubt"
        return float(violation(np.array(self.interval(SUPPORT)), self.relation).max()) < self.tolerance


def limit(d):
    """Limits of means over growing sizes."""
    tracks = [Ladder(d, i) for i in range(len(d.facts["ladders"]))]
    anchors = [track for track in tracks[: d.facts["anchors"]] if not track.error]
    accusing = [(i, t) for i, t in enumerate(tracks) if not t.error and t.accuses()]
    words = [track.supported() for track in anchors]
    status, worst = "undecided", None
    if accusing:

        def deviations(pair):
            return float(violation(np.array(pair[1].limit), d.relation)) / pair[1].error_of_limit

        i, worst = max(accusing, key=deviations)
        again = Ladder(d, i, "second", worst.unit)
        if not again.error and again.violates(CONFIRMED) == worst.accuses():
            status = "refuted"
    elif any(track.error for track in tracks):
        status = "error"
    elif anchors and all(word is True for word in words):
        status = "supported"
    found = {"status": status}
    if anchors:
        levels = [SUPPORT if not accusing and word is True else REFUTED for word in words]
        shown = [(t, t.interval(z)) for t, z in zip(anchors, levels, strict=True)]
        least, interval = max(shown, key=lambda x: float(violation(np.array(x[1]), d.relation).max()))
        found |= {"estimate": least.limit, "interval": interval}
    if worst is not None:
        found |= {"worst_estimate": worst.limit, "worst_interval": worst.interval(REFUTED)}
    return found


def sign_limit(d):
    """Signs of such limits."""
    tracks = [Ladder(d, i) for i in range(len(d.facts["ladders"]))]
    anchors = tracks[: d.facts["anchors"]]
    if not anchors:
        return {"status": "undecided"}

    def right(track):
        free = None if track.error else track.free(SIGNED)
        return not track.error and track.adequate and track.interval(SIGNED)[0] > 0 and (free is None or free[1] > 0)

    def wrong(track, z, *, any_rate):
        free = None if track.error or not any_rate else track.free(z)
        return not track.error and track.adequate and track.interval(z)[1] < 0 and (free is None or free[1] < 0)

    def deviations(track):
        return -inf if track.error else track.limit / track.error_of_limit

    accused = [track for track in tracks if wrong(track, REFUTED, any_rate=True)]
    status, worst = "undecided", min(anchors, key=deviations)
    if accused:
        worst = min(accused, key=deviations)
        again = Ladder(d, tracks.index(worst), "second", worst.unit)
        status = "refuted" if wrong(again, CONFIRMED, any_rate=False) else "undecided"
    elif any(track.error for track in tracks):
        status = "error"
    elif all(right(track) for track in anchors):
        status = "supported"
    if worst.error or status == "error":
        return {"status": status}
    unit = worst.unit / d.facts["scales"][tracks.index(worst)]
    low, high = worst.interval(SIGNED)
    return {"status": status, "worst_estimate": worst.limit * unit, "worst_interval": (low * unit, high * unit)}


def counted(violations, draws, delta):
    """Log e-values against a share of violations of at most delta, shape (7, 1)."""
    return violations * np.log(ODDS) - draws * np.log1p(delta * (ODDS - 1))


def share_limits(violations, draws, level):
    low = float(stats.beta.ppf(level, violations, draws - violations + 1)) if violations else 0.0
    return low, float(stats.beta.isf(level, violations + 1, draws - violations)) if violations < draws else 1.0


def probability(d):
    """Shares of violations."""
    f, cap = d.facts, max(BLOCK, d.facts["cap"] // BLOCK * BLOCK)
    level = LEVEL / (1 + max(0, ceil(log2(cap / BLOCK))))

    def tally(i, stage):
        lhs, rhs, trivial, _ = d.draws(i, stage)
        with np.errstate(invalid="ignore"):
            room = (lhs - rhs) / np.maximum(np.abs(rhs), f["scales"][i] / 10)
        gap = np.where(np.isfinite(lhs), violation(np.where(np.isinf(rhs), -rhs, room), d.relation), np.nan)
        sound = len(gap) and not np.isnan(gap).any()
        return (int((gap > d.tolerance).sum()), len(gap), float(trivial.mean())) if sound else None

    if not f["deltas"]:
        return {"status": "undecided"}
    tallies = [tally(i, "confirm") for i in range(len(f["deltas"]))]
    told = list(zip(tallies, f["deltas"], strict=True))
    logs = [np.full((7, 1), -inf) if t is None else counted(t[0], t[1], delta) for t, delta in told]
    found = {"log_evidence": of_claim(logs[: f["anchors"]], logs[f["anchors"] :]), "log_confirmation": None}
    sound = [(t, delta) for t, delta in told[: f["anchors"]] if t is not None]
    upper = [share_limits(t[0], t[1], level)[1] <= delta for t, delta in sound]
    status = "undecided"
    if found["log_evidence"] >= REFUTE:
        again = [(tally(i, "second"), f["deltas"][i]) for i, x in enumerate(logs) if x.max() > 0]
        second = [np.full((7, 1), -inf) if t is None else counted(t[0], t[1], delta) for t, delta in again]
        found["log_confirmation"] = of_claim(second, [])
        status = "refuted" if found["log_confirmation"] >= CONFIRM else "undecided"
    elif any(t is None for t in tallies):
        status = "error"
    elif f["anchors"] and all(upper):
        status = "undecided" if sound and all(t[2] > 0.5 for t, _ in sound) else "supported"
    if status == "refuted":
        t = tallies[int(np.argmax([pooled(x) for x in logs]))]
        found |= {"worst_estimate": t[0] / t[1]}
    elif sound:
        t, _ = max(sound, key=lambda pair: share_limits(pair[0][0], pair[0][1], level)[1] - pair[1])
        found |= {"estimate": t[0] / t[1], "interval": share_limits(t[0], t[1], level)}
    return found | {"status": status}


def trend(d):
    """Which way the networks of pairs differ, by signs."""
    f = d.facts

    def shown(i, stage):
        parts = [np.zeros(0)]
        for lot in d.lots:
            if (lot["setting"], lot["stage"]) == (i, stage):
                left, right = (d.find(x).values[f[side]] for x, side in zip(lot["blocks"], ("lhs", "rhs"), strict=True))
                d.counts["rows"] += 2 * len(left)
                larger = np.maximum(np.abs(left), np.abs(right))
                parts.append(f["sign"] * (left - right) / np.where(larger > 0, larger, 1.0))
        return np.concatenate(parts)[: f["cap"]]

    def against(values):
        return pooled(counted(int((values < 0).sum()), len(values), 0.5))

    tracks = [shown(i, "confirm") for i in range(f["settings"])]
    if not tracks:
        return {"status": "undecided"}
    right = [pooled(counted(int((x >= f["effect"]).sum()), len(x), 0.5)) for x in tracks]
    found = {"log_evidence": pooled([against(x) for x in tracks]), "log_confirmation": None}
    if found["log_evidence"] >= REFUTE:
        again = [shown(i, "second") for i, x in enumerate(tracks) if against(x) > 0]
        found["log_confirmation"] = pooled([against(x) for x in again])
        return found | {"status": "refuted" if found["log_confirmation"] >= CONFIRM else "undecided"}
    if any(2 * np.isnan(x).sum() > len(x) for x in tracks):
        return found | {"status": "error"}
    return found | {"status": "supported" if all(e >= log(1e3) for e in right) else "undecided"}
