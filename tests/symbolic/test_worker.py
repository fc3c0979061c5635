"""Derivations in a worker: a deadline, a cache that is keyed by content, answers that are the derivation's own."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sympy import Symbol

from ftproofs.catalog import claims
from ftproofs.symbolic import worker
from ftproofs.symbolic.derivation import derive
from ftproofs.verdict import Derivation

CLAIM = claims()["linear-bias-mean"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTPROOFS_CACHE", str(tmp_path))


def _timeless(derivation: Derivation) -> Derivation:
    steps, corollaries = (
        tuple(replace(step, seconds=0.0) for step in found) for found in (derivation.steps, derivation.corollaries)
    )
    return replace(derivation, steps=steps, corollaries=corollaries)


def test_the_worker_derives_what_this_process_derives() -> None:
    assert _timeless(worker.derived(CLAIM)) == _timeless(derive(CLAIM))


def test_a_second_derivation_derives_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = worker.derived(CLAIM)
    monkeypatch.setattr(worker, "_ask", lambda claim, deadline: pytest.fail("derived again"))
    monkeypatch.setattr(worker, "derive", lambda claim: pytest.fail("derived again"))
    assert worker.derived(CLAIM) == first
    assert worker.derived(replace(CLAIM, id="x", title="y", expected="refuted")) == first


def _changed() -> dict[str, object]:
    step = CLAIM.steps[0]
    return {
        "statement": replace(CLAIM, statements=(*CLAIM.statements, *CLAIM.statements)),
        "domain": replace(CLAIM, domain=CLAIM.domain.without_constraints()),
        "step": replace(CLAIM, steps=CLAIM.steps[1:]),
        "words": replace(CLAIM, steps=(replace(step, given=("other",)), *CLAIM.steps[1:])),
    }


@pytest.mark.parametrize("what", _changed())
def test_the_key_follows_the_content(what: str) -> None:
    assert worker.cache_key(_changed()[what]) != worker.cache_key(CLAIM)


def test_symbols_that_differ_in_assumptions_alone_have_different_keys() -> None:
    step = CLAIM.steps[0]
    keys = set()
    for symbol in (Symbol("x"), Symbol("x", positive=True)):
        relation = replace(step.relation, rhs=symbol)
        keys.add(worker.cache_key(replace(CLAIM, steps=(replace(step, relation=relation),))))
    assert len(keys) == 2


def test_a_damaged_entry_is_derived_again(tmp_path: Path) -> None:
    worker.derived(CLAIM)
    (entry,) = tmp_path.glob("*.json")
    document = json.loads(entry.read_text())
    document["derivation"]["status"] = "proved" if document["derivation"]["status"] != "proved" else "broken"
    entry.write_text(json.dumps(document))
    assert worker.derived(CLAIM).status == "proved"
    entry.write_text("not json")
    assert worker.derived(CLAIM).status == "proved"


def test_a_derivation_that_does_not_end_is_a_gap_and_the_next_one_is_derived(monkeypatch: pytest.MonkeyPatch) -> None:
    # A worker that never answers.
    command = [worker.sys.executable, "-c", "import time; time.sleep(600)"]
    real = worker.subprocess.Popen
    monkeypatch.setattr(worker.subprocess, "Popen", lambda _, **more: real(command, **more))
    worker.stop()
    begin = time.monotonic()
    found = worker.derived(CLAIM, deadline=0.5)
    assert time.monotonic() - begin < 20
    assert found.status == "gap"
    assert found.detail.startswith("FT601")
    monkeypatch.setattr(worker.subprocess, "Popen", real)
    assert worker.derived(CLAIM).status == "proved", "a gap for want of time is not kept"


def test_a_worker_that_dies_is_replaced() -> None:
    worker.derived(CLAIM)
    worker._workers[0].kill()
    worker._workers[0].wait()
    assert worker.derived(claims()["linear-noise-mean"]).status == "proved"


def test_a_claim_that_cannot_be_sent_is_derived_here() -> None:
    step = CLAIM.steps[0]

    @dataclass(frozen=True)
    class Local:
        """A method that no other process can import."""

        inner: object

        def __getattr__(self, name: str) -> object:
            if name.startswith("__"):
                raise AttributeError(name)
            return getattr(self.inner, name)

    claim = replace(CLAIM, steps=(replace(step, by=Local(step.by)), *CLAIM.steps[1:]))
    with pytest.raises((AttributeError, worker.pickle.PicklingError)):
        worker.pickle.dumps(claim)
    assert worker.derived(claim) is not None


OTHER = claims()["linear-noise-mean"]


def test_a_derivation_begun_earlier_is_not_asked_for_twice() -> None:
    worker.begin(CLAIM)
    ((key, asked),) = worker._pending
    assert worker._send(key, b"no claim: the worker would die of it") == asked
    assert _timeless(worker.derived(CLAIM)) == _timeless(derive(CLAIM))
    assert worker._pending == []
    worker.begin(CLAIM)
    assert worker._pending == [], "what is kept is not derived again"


def test_a_derivation_that_nobody_waited_for_is_not_taken_for_another() -> None:
    worker.begin(CLAIM)
    assert _timeless(worker.derived(OTHER)) == _timeless(derive(OTHER))
    assert _timeless(worker.derived(CLAIM)) == _timeless(derive(CLAIM))


def test_a_worker_that_dies_at_what_was_begun_is_replaced() -> None:
    worker.begin(CLAIM)
    worker._workers[0].kill()
    worker._workers[0].wait()
    assert worker.derived(CLAIM).status == "proved"


def test_the_deadline_runs_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [worker.sys.executable, "-c", "import time; time.sleep(600)"]
    real = worker.subprocess.Popen
    monkeypatch.setattr(worker.subprocess, "Popen", lambda _, **more: real(command, **more))
    worker.stop()
    worker.begin(CLAIM)
    time.sleep(0.5)
    begin = time.monotonic()
    assert worker.derived(CLAIM, deadline=0.5).detail.startswith("FT601")
    assert time.monotonic() - begin < 0.4
    monkeypatch.undo()
    worker.stop()


def test_an_answer_larger_than_a_pipe_holds_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits in the worker until somebody reads, and is whole although the deadline is over by then."""
    child = (
        "import json, struct, sys, time\n"
        "i, o = sys.stdin.buffer, sys.stdout.buffer\n"
        "i.read(struct.unpack('<Q', i.read(8))[0])\n"
        "a = dict(status='gap', steps=[], axioms=[], corollaries=[], detail='x' * 10**6)\n"
        "a = json.dumps(a).encode()\n"
        "o.write(struct.pack('<Q', len(a)) + a); o.flush(); time.sleep(600)\n"
    )
    real = worker.subprocess.Popen
    monkeypatch.setattr(
        worker.subprocess, "Popen", lambda _, **more: real([worker.sys.executable, "-c", child], **more)
    )
    worker.stop()
    worker.begin(CLAIM)
    time.sleep(1.5)
    assert len(worker.derived(CLAIM, deadline=0.1).detail) == 10**6
    monkeypatch.undo()
    worker.stop()
