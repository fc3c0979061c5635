"""Mutated claim files: each is read or refused with a code, here and in the sandbox; nothing else ever happens.

The full counts are for a run by hand, FTPROOFS_FUZZ=100000; the figures stand in docs/audit.md.
"""

from __future__ import annotations

import json
import os
import random
import re
import time

import pytest

from ftproofs.claimfile import parse, read
from ftproofs.claimfile.sandbox import Late, Sandbox
from ftproofs.errors import FileError

pytestmark = pytest.mark.slow

SEEDS = [
    b"""format = 1
[[claim]]
id = "noisy-finetune"
title = "Noisy fine-tuning"
source = "arXiv:2410.08194"
experiment = "deep-linear.finetune"
quantifier = "limit"
statement = "risk == (1 - gamma)*(2 - 2*cos(theta)) + sigma**2*gamma/(1 - gamma)"
where = ["gamma < 1"]
sizes = [64, 128, 256, 512]
[claim.domain]
L = [2, 3]
gamma = { min = 0.1, max = 0.7 }
theta = { min = 0, max = "pi/2" }
sigma = { min = 0.1, max = 1 }
source_norm = 1
""",
    b"""format = 1
[[claim]]
id = "path"
experiment = "deep-linear.finetune"
quantifier = "each"
tolerance = 1e-6
statement = ["perp_beta_norm == (beta_norm/source_norm)**((L - 1)/L)*perp_source_norm", "risk >= Max(0, -1, log(2))"]
[claim.domain]
L = [2, 3, 5]
n = {min=2,max=20}
d = {min=8, max=40}
theta = 1.25
[[claim]]
id = "bound"
experiment = "linear.finetune"
quantifier = "probability"
level = "1 - 2*exp(-d)"
statement = "risk <= sqrt(n/(d - n - 1))*Abs(sin(theta))*E"
where = "n <= d - 2"
domain = { n = [1, 2, 4], d = 30, theta = { min = 0, max = 1 }, spectrum = "power-law" }
""",
]
TOKENS = [
    *(b"( ) [ ] { } \" ' = == <= ** * / + - , . # \\ \n \0 \xff".split(b" ")),
    *b"sqrt( exp( Max( log(0) 1/0 9**9**9 x.y lambda: __import__ oo nan inf 1e999 0x1 gamma n d L risk".split(),
    *b"format id statement domain min max level quantifier [[claim]] [claim.domain] true 1979-05-27 pi I".split(),
    b'"""',
    "\u202e\u0441\u2212".encode(),
]
WORDS = (
    "sigma",
    "theta",
    "n",
    "d",
    "L",
    "gamma",
    "risk",
    "beta_norm",
    "1",
    "2",
    "3.5",
    "pi",
    "E",
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    "**",
    ",",
    "==",
    "<=",
    "sqrt(",
    "exp(",
    "Max(",
    "sin(",
    "log(",
    "64",
)
STATEMENT = re.compile(rb'(?<=^statement = )"[^"]*"', re.MULTILINE)


def mutated(stream: random.Random) -> bytes:
    text = bytearray(stream.choice(SEEDS))
    if stream.random() < 0.6:
        return STATEMENT.sub(lambda found: formula(stream, found.group()), bytes(text), count=1)
    for _ in range(stream.randint(1, 3)):
        place, kind = stream.randrange(len(text) + 1), stream.randrange(6)
        end = min(len(text), place + stream.randint(1, 12))
        match kind:
            case 0:
                text[place:end] = b""
            case 1:
                text[place:place] = stream.choice(TOKENS)
            case 2:
                text[place:end] = stream.choice(TOKENS)
            case 3:
                text[place:place] = text[place:end] * stream.randint(1, 60)
            case 4:
                text[place:place] = bytes([stream.randrange(256)])
            case _:
                other = stream.choice(SEEDS)
                start = stream.randrange(len(other))
                text[place:end] = other[start : start + stream.randint(1, 40)]
    return bytes(text)


def formula(stream: random.Random, quoted: bytes) -> bytes:
    """A statement with words of the grammar put in, taken out or exchanged, as a TOML string."""
    words = re.findall(r"[A-Za-z_]+\(?|[0-9.]+|\*\*|[=<>]+|\S", json.loads(quoted))
    for _ in range(stream.randint(1, 4)):
        place = stream.randrange(len(words) + 1)
        match stream.randrange(3):
            case 0:
                words[place : place + 1] = [stream.choice(WORDS)]
            case 1:
                words[place:place] = [stream.choice(WORDS)]
            case _:
                words[place : place + stream.randint(1, 2)] = []
    return json.dumps(" ".join(words)).encode()


def test_in_process() -> None:
    stream = random.Random("fuzz")
    count, slowest, fine = int(os.environ.get("FTPROOFS_FUZZ", "5000")), 0.0, 0
    refusals: list[tuple[str, int]] = []
    for _ in range(count):
        text = mutated(stream)
        begin = time.perf_counter()
        try:
            read(parse(text, "fuzz.toml"))
            fine += 1
        except FileError as error:
            refusals.append((str(error), error.line - text.count(b"\n")))
        slowest = max(slowest, time.perf_counter() - begin)
    print(f"{count} files, {fine} read, slowest {slowest:.2f} s")
    assert not [text for text, beyond in refusals if "\n" in text or beyond > 1]
    assert fine > count / 50
    assert slowest < 30


def test_in_the_sandbox() -> None:
    stream = random.Random("sandbox")
    count, late = int(os.environ.get("FTPROOFS_FUZZ", "5000")) // 200, 0
    refused = 0
    with Sandbox() as sandbox:
        for _ in range(count):
            text = mutated(stream)
            try:
                sandbox.read(text, "fuzz.toml")
                for number in range(len(read(parse(text, "fuzz.toml")))):
                    sandbox.vet(number)
            except FileError:
                refused += 1
            except Late:
                late += 1
    print(f"{count} files, {refused} refused, {late} too late")
    assert 0 < refused < count
    assert late <= count / 50
