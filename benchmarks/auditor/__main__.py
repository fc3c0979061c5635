"""Decide every verdict of a ledger again, from its rows: ``python benchmarks/auditor LEDGER``.

Imports nothing of ftproofs.  One line for each verdict that differs, and then exit status 1;
docs/tested.md says what it works out and what it takes as told.
"""

import hashlib
import json
import sqlite3
import sys
import zlib
from collections import Counter
from functools import lru_cache

import numpy as np
from limits import limit, probability, sign_limit
from means import confirmed, each, mean
from rows import Decision, Differs, Rows, combine, same

KINDS = {"each": each, "against-oracle": each, "mean": mean, "sign": mean}
KINDS |= {"limit": limit, "sign-limit": sign_limit, "probability": probability}
CONJECTURAL = {"replica", "deterministic-equivalent"}


def word_of(derivation, experiment):
    """How a derivation and an experiment join."""
    status = derivation["status"]
    if status == "proved" and CONJECTURAL & set(derivation["axioms"]):
        status = "probable"
    if status == "disproved" or experiment == "refuted":
        return "refuted"
    if experiment in ("error", "undecided"):
        return experiment
    if experiment == "none":
        return {"proved": "proved", "probable": "supported"}.get(status, "undecided")
    return "proved" if status == "proved" else "supported"


def of_networks(decisions, answers):
    """A claim about each network: explored, confirmed where it fails, trained against the oracle, oracle against it."""
    status = combine(a["status"] for d, a in zip(decisions, answers, strict=True) if d.kind == "each" and d.link != "B")
    if status == "refuted":
        again = [confirmed(d) for d in decisions if d.kind == "confirm"]
        return "refuted" if any(again) else "undecided"
    others = [a["status"] for d, a in zip(decisions, answers, strict=True) if d.link in ("A", "B")]
    return "undecided" if status == "certified" and not set(others) <= {"certified", "none"} else status


def of_laws(solved, ends, trained, lost):
    """Link B in the light of the others."""
    status = combine(solved)
    if trained == "error" or (status == "error" and lost):
        return "error"
    if trained == "refuted" or (trained == "undecided" and status == "supported"):
        return "undecided"
    if ends == "refuted" and status != "refuted":
        return "undecided"
    return ("error" if lost else "undecided") if ends == "error" and status == "supported" else status


def audit(verdict, decisions, lost):
    """Raise `Differs` unless the verdict follows from its decisions, and those from their rows."""
    told = verdict["experiment"]
    answers = [{"status": "none"} if d.kind == "confirm" else KINDS[d.kind](d) for d in decisions]
    for d, own in zip(decisions, answers, strict=True):
        if d.kind == "confirm":
            continue
        if own["status"] != d.found["status"]:
            raise Differs(f"link {d.link}: the ledger says {d.found['status']}, its rows say {own['status']}")
        for name in ("estimate", "interval", "log_evidence", "log_confirmation", "gap", "half_width"):
            if name in own and name in d.found:
                same(f"{name} of link {d.link}", d.found[name], own[name])
    if not decisions:
        own, main = told["status"], {}
        if own not in ("none", "error", "undecided"):
            raise Differs(f"{own} without any decision")
    elif told["quantifier"] == "each":
        own = of_networks(decisions, answers)
        statements = [a for d, a in zip(decisions, answers, strict=True) if d.kind == "each" and d.link != "B"]
        main = min(statements, key=lambda a: ["refuted", "error", "undecided", "none", "certified"].index(a["status"]))
        same("estimate", told["estimate"], main.get("gap"))
    else:
        pairs = [(d, a) for d, a in zip(decisions, answers, strict=True) if d.link == "B"]
        for d, a in pairs:
            if a["status"] == "supported" and not d.facts.get("crossed", True):
                a["status"] = "undecided"
        words = [a["status"] for _, a in pairs] + ["undecided"] * (len(verdict["statement"]) > len(pairs))
        ends = [a["status"] for d, a in zip(decisions, answers, strict=True) if d.link == "end_to_end"]
        signs = any(d.kind.startswith("sign") for d, _ in pairs)
        ends = [
            w
            for d, w in zip([d for d in decisions if d.link == "end_to_end"], ends, strict=True)
            if d.facts.get("deltas") != []
        ]
        trained = next((a["status"] for d, a in zip(decisions, answers, strict=True) if d.link == "A"), "none")
        own = of_laws(words, combine(ends), trained, lost)
        main = min(
            (a for _, a in pairs),
            key=lambda a: ("refuted", "error", "undecided", "none", "supported").index(a["status"]),
        )
        worst = "worst_" if own == "refuted" or signs else ""
        for name in ("estimate", "interval"):
            if worst + name in main:
                same(name, told[name], main[worst + name])
        if "log_evidence" in main:
            same("evidence", told["links"]["B"].get("evidence"), main["log_evidence"])
    if own != told["status"]:
        raise Differs(f"experiment: the ledger says {told['status']}, its rows say {own}")
    word = word_of(verdict["derivation"], own)
    if word != verdict["word"]:
        raise Differs(f"the ledger says {verdict['word']}, its rows say {word}")


def main(path):
    """Audit all verdicts of a ledger; the exit status."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    index = {}
    for rowid, header, *origin in database.execute("SELECT rowid, header, code, dtype, device FROM blocks"):
        index[hashlib.sha256(json.loads(header)["block"].encode()).hexdigest(), *origin] = rowid

    @lru_cache(maxsize=4096)
    def find(block, *origin):
        if (block, *origin) not in index:
            raise Differs("rows are missing")
        wanted = "SELECT key, header, arrays, checksum FROM blocks WHERE rowid = ?"
        return Rows(*database.execute(wanted, (index[block, *origin],)).fetchone())

    statement = (
        "SELECT v.claim, v.run, v.verdict, a.header, a.arrays, a.checksum FROM verdicts v "
        "LEFT JOIN accounts a USING (claim_hash, code, run) ORDER BY v.rowid"
    )
    totals = Counter()
    for claim, run, text, header, packed, checksum in database.execute(statement):
        if header is None:
            totals["without account"] += 1
            continue
        totals["verdicts"] += 1
        try:
            stored, _, content = text.partition(" ")
            if hashlib.sha256(content.encode()).hexdigest() != stored:
                raise Differs("checksum of the verdict")
            if hashlib.sha256(header.encode() + b"\0" + packed).digest() != checksum:
                raise Differs("checksum of the account")
            head, data, place = json.loads(header), np.frombuffer(zlib.decompress(packed), "<f8"), 0

            def arrays(count, data=data):
                nonlocal place
                place += count
                return data[place - count : place]

            origin = head["rows"]
            decisions = [Decision(x, arrays, lambda b, o=origin: find(b, *o), totals) for x in head["decisions"]]
            totals["decisions"] += len(decisions)
            audit(json.loads(content), decisions, head["lost"])
        except Differs as difference:
            totals["differ"] += 1
            print(f"{claim} {run}: {difference}")
        except (KeyError, ValueError, IndexError, TypeError, StopIteration, zlib.error) as error:
            totals["differ"] += 1
            print(f"{claim} {run}: not to be read ({type(error).__name__}: {error})")
    print(
        f"{totals['verdicts']} verdicts, {totals['decisions']} decisions, {totals['rows']} rows decided again: "
        f"{totals['differ']} differ; {totals['without account']} verdicts have no account; "
        f"predictions: {totals['worked out']} worked out, {totals['told']} as told"
    )
    return 1 if totals["differ"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
