"""What can be wrong with a claim file: its code, its line, one line of text; nothing loaded, nothing written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ftproofs.claim import Choices
from ftproofs.claimfile import load, parse, read
from ftproofs.claimfile.sandbox import Sandbox
from ftproofs.errors import FileError

HEAD = """format = 1
[[claim]]
id = "x"
experiment = "linear.finetune"
quantifier = "each"
"""
DOMAIN = """[claim.domain]
n = { min = 2, max = 10 }
d = { min = 20, max = 40 }
theta = { min = 0, max = 1 }
sigma = { min = 0, max = 1 }
"""


def with_statement(right: str) -> str:
    return HEAD + f"statement = {json.dumps('risk == ' + right, ensure_ascii=False)}\n" + DOMAIN


def with_line(line: str, *, statement: str = "risk == sigma", head: str = HEAD) -> str:
    """A good file with one more line before its domain."""
    return f'{head}{line}\nstatement = "{statement}"\n{DOMAIN}'


def with_domain(*lines: str, head: str = HEAD, statement: str = "risk == sigma") -> str:
    return f'{head}statement = "{statement}"\n[claim.domain]\n' + "\n".join(lines) + "\n"


#: id: right side of ``risk == ...``, the code, a part of the message
EXPRESSIONS = {
    "B001": (
        "__import__('os').system('id')",
        "FT116",
        "only calls of a listed function by name are allowed (column 1)",
    ),
    "B002": ("().__class__.__base__.__subclasses__()", "FT116", "only calls of a listed function by name"),
    "B003": ("sigma.__class__", "FT119", "'Attribute' is not part of the expression grammar (column 1)"),
    "B004": ("sigma.subs(sigma,1)", "FT116", "only calls of a listed function by name are allowed (column 1)"),
    "B005": ("open('f')", "FT117", "unknown function 'open'; allowed: "),
    "B006": ("lambda: 1", "FT119", "'Lambda' is not part of the expression grammar (column 1)"),
    "B007": ("[x for x in (1,2)]", "FT119", "'ListComp'"),
    "B008": ("sigma if sigma else 1", "FT119", "'IfExp'"),
    "B009": ("sigma<1", "FT119", "'Compare' is not part of the expression grammar (column 1)"),
    "B010": ("sigma==1", "FT119", "'Compare'"),
    "B011": ("sigma//2", "FT115", "operator 'FloorDiv' not allowed (column 1)"),
    "B012": ("sigma%2", "FT115", "operator 'Mod' not allowed (column 1)"),
    "B013": ("sigma|1", "FT115", "operator 'BitOr' not allowed (column 1)"),
    "B014": ("sigma^2", "FT107", "'^' is not a power sign; write '**'"),
    "B015": ("f'{sigma}'", "FT119", "'JoinedStr'"),
    "B016": ("'a'", "FT111", "str literal not allowed (column 1)"),
    "B017": ("True", "FT111", "bool literal not allowed (column 1)"),
    "B018": ("1j", "FT111", "complex literal not allowed (column 1)"),
    "B019": ("sigma[0]", "FT119", "'Subscript'"),
    "B020": ("sigma:=2", "FT108", "syntax error: invalid syntax"),
    "B021": ("sqrt(*sigma)", "FT116", "starred arguments not allowed (column 1)"),
    "B022": ("sqrt(x=1)", "FT116", "keyword arguments not allowed (column 1)"),
    "B023": ("sqrt(sigma,sigma)", "FT118", "sqrt takes 1..1 arguments, got 2 (column 1)"),
    "B024": ("Max(1)", "FT118", "Max takes 2..8 arguments, got 1 (column 1)"),
    "B025": ("9**9**9**9", "FT113", "exponent 387420489 outside |p|<=64, q<=12 (column 4)"),
    "B026": ("2**(2**40)", "FT113", "exponent 1099511627776 outside |p|<=64, q<=12 (column 1)"),
    "B027": ("sigma**1000000", "FT113", "exponent 1000000 outside |p|<=64, q<=12 (column 1)"),
    "B028": ("sigma**(1/1000)", "FT113", "exponent 1/1000 outside |p|<=64, q<=12 (column 1)"),
    "B029": ("(((sigma**64)**64)**64)**64", "FT113", "combined exponent 16777216 outside |p|<=64, q<=12"),
    "B030": ("9" * 41, "FT106", "number with more than 40 digits"),
    "B031": ("1e999", "FT106", "decimal exponent beyond 40 (column 1)"),
    "B032": ("0x10", "FT106", "only plain decimal numbers are allowed"),
    "B033": ("(" * 41 + "sigma" + ")" * 41, "FT105", "nesting deeper than 40"),
    "B034": ("-" * 3000 + "sigma", "FT108", "syntax error"),
    "B035": ("+".join(["n"] * 2001), "FT102", "expression longer than 4000 characters"),
    "B036": ("+".join(["n"] * 900), "FT109", "more than 400 nodes"),
    "B037": ("n+y", "FT112", "unknown symbol 'y'; the experiment offers: "),
    "B038": ("factorial(10**9)", "FT117", "unknown function 'factorial'; allowed: "),
    "B039": ("Integral(sigma,sigma)", "FT117", "unknown function 'Integral'; allowed: "),
    "B040": ("Symbol('sigma')", "FT117", "unknown function 'Symbol'; allowed: "),
    "B041": ("n\u2212 1", "FT104", "character U+2212 at column 2 is not allowed (ASCII only)"),
    # control and zero-width characters are refused in any text of a file, formulas included
    "B042": ("n\u200b", "FT224", "control character U+200B"),
    "B043": ("\u0441", "FT104", "character U+0441 at column 1 is not allowed (ASCII only)"),
    "B044": ("n\x00", "FT224", "control character U+0000"),
    "B045": ("n\n+1", "FT224", "control character U+000A"),
    "B046": ("", "FT103", "empty expression"),
    "B047": ("1/0", "FT114", "division by zero (column 1)"),
    "B048": ("sigma/(n-n)", "FT114", "division by zero (column 1)"),
    "B049": ("log(0)", "FT114", "expression is infinite or undefined"),
    "B050": ("oo", "FT112", "unknown symbol 'oo'; the experiment offers: "),
    "B051": ("import os", "FT108", "syntax error: invalid syntax"),
    "B052": ("n #comment", "FT108", "comments are not allowed inside an expression"),
    "B053": ("2n", "FT108", "syntax error: invalid decimal literal"),
    "B054": ("exp(exp(exp(exp(9))))", "FT121", "constant argument of exp must be a rational with numerator and"),
    "B055": (
        "exp(10**9)",
        "FT121",
        "constant argument of exp must be a rational with numerator and denominator <= 4096",
    ),
    "B056": ("\\input{a}", "FT108", "syntax error: unexpected character after line continuation character"),
    "measured exponent": ("2**risk", "FT113", "an exponent may contain parameters, not 'risk'"),
    "a choice": ("spectrum", "FT112", "unknown symbol 'spectrum'"),
    "root of -1": ("sqrt(-2)", "FT114", "not real"),
}

#: id: the file, the code, a part of the message, the line
FILES = {
    "B057": (with_domain("__x = 1"), "FT120", "illegal symbol name '__x'", 8),
    "B057 class": (with_domain("x__class__ = 1"), "FT120", "illegal symbol name", 8),
    "B057 digit": (with_domain("1x = 1"), "FT120", "illegal symbol name", 8),
    "B057 long": (with_domain("a" * 17 + " = 1"), "FT120", "illegal symbol name", 8),
    "B057 empty": (with_domain('"" = 1'), "FT120", "illegal symbol name ''", 7),
    "B057 code": (with_domain('"a;b" = 1'), "FT120", "illegal symbol name", 7),
    "B058": (with_domain(r'"\\input{/etc/passwd}" = 1'), "FT120", "illegal symbol name", 7),
    "B059": (with_domain("sqrt = 1"), "FT120", "illegal symbol name 'sqrt' (reserved)", 8),
    "B060": (with_domain("source_norm = { min = -1, max = 1 }"), "FT201", "contradicts assumption 'positive'", 8),
    "B061": (with_domain("theta = { min = 2, max = 1 }"), "FT202", "must be finite with low < high", 8),
    "B061 point": (with_domain("theta = { min = 1, max = 1 }"), "FT202", "must be finite with low < high", 8),
    "B061 nan": (with_domain("theta = { min = nan, max = 1 }"), "FT202", "must be finite with low < high", 8),
    "B061 huge": (with_domain("theta = { min = 0, max = 1e400 }"), "FT202", "must be finite with low < high", 8),
    "B061 infinite": (with_domain("sigma = inf"), "FT202", "domain of 'sigma' must be finite, got inf", 8),
    "B061 below": (
        with_domain("clients = -inf", head=HEAD.replace("linear", "federated")),
        "FT202",
        "domain of 'clients' must be finite, got -inf",
        8,
    ),
    "B061 end": (
        with_domain("clients = { min = 2, max = inf }", head=HEAD.replace("linear", "federated")),
        "FT202",
        "must be finite with low < high",
        8,
    ),
    "B064": (
        HEAD.replace('quantifier = "each"\n', "") + 'statement = "risk == 1"\n' + DOMAIN,
        "FT205",
        "missing key 'quantifier'; one of: each, mean, limit, probability",
        2,
    ),
    "B065": (
        HEAD.replace("each", "proof") + 'statement = "risk == 1"\n' + DOMAIN,
        "FT206",
        "unknown quantifier 'proof'",
        5,
    ),
    "B066": (with_line("toleranse = 1e-3"), "FT207", "unknown key 'toleranse' (did you mean tolerance?)", 6),
    "B067 nan": (with_line("tolerance = nan"), "FT208", "tolerance must be a finite number in (0, 0.1]", 6),
    "B067 inf": (with_line("tolerance = 1e400"), "FT208", "tolerance must be a finite number in (0, 0.1]", 6),
    "B067 0": (with_line("tolerance = 0"), "FT208", "tolerance must be a finite number in (0, 0.1]", 6),
    "B067 negative": (with_line("tolerance = -0.1"), "FT208", "tolerance must be", 6),
    "B067 large": (with_line("tolerance = 0.5"), "FT208", "tolerance must be", 6),
    "B068": (
        with_line("level = 1.0", head=HEAD.replace("each", "probability")),
        "FT209",
        "level must be in [0.5, 0.9999]",
        6,
    ),
    "B068 0": (with_line("level = 0", head=HEAD.replace("each", "probability")), "FT209", "level must be in", 6),
    "B069": (with_line("alpha = 0.5"), "FT207", "unknown key 'alpha' (levels, seeds and budgets are set by the run", 6),
    "B070": (
        HEAD.replace("each", "limit") + 'sizes = [64, 128]\nstatement = "risk == 1"\n[claim.domain]\ngamma = 0.5\n'
        "theta = 1\n",
        "FT210",
        "an asymptotic claim needs at least 4 sizes spanning a factor of 8",
        6,
    ),
    "B072": (
        with_domain("n = 1000", "d = 1000000000", "theta = 1"),
        "FT212",
        "setting needs 7.3 TiB; limit is 2.0 GiB",
        9,
    ),
    "B074": ("format = 1\na = 1\na = 2\n", "FT220", "line 3: duplicate key 'a'", 3),
    "B074 table": (with_line('id = "y"'), "FT220", "line 6: duplicate key 'id'", 6),
    "B075": ("x = " + "[" * 2000 + "]" * 2000, "FT221", "nesting deeper than 16", 1),
    "B076": ("# " + "a" * 300_000, "FT222", "file larger than 256 KiB", 1),
    "B078": (with_line('title = "\\u202Eevil"'), "FT224", "title contains control character U+202E", 6),
    "B081": (
        HEAD.replace('"x"', '"../../etc/x"') + 'statement = "risk == 1"\n' + DOMAIN,
        "FT225",
        "id must match [a-z0-9]+(-[a-z0-9]+)*, at most 64 characters",
        3,
    ),
    "B081 device": (HEAD.replace('"x"', '"con"') + 'statement = "risk == 1"\n' + DOMAIN, "FT225", "id must match", 3),
    "B081 long": (
        HEAD.replace('"x"', f'"{"a" * 300}"') + 'statement = "risk == 1"\n' + DOMAIN,
        "FT225",
        "id must match",
        3,
    ),
    "B082": (
        with_statement("sigma") + with_statement("sigma").removeprefix("format = 1\n"),
        "FT226",
        "id 'x' used twice (lines 3 and 13)",
        13,
    ),
    "B083": (with_line('network = "module:fn"'), "FT207", "networks are chosen from the built-in list by name", 6),
    "B083 plugin": (
        HEAD.replace("[[claim]]", 'plugin = "os"\n[[claim]]', 1),
        "FT207",
        "unknown key 'plugin'",
        2,
    ),
    "B083 import": ("format = 1\n[import]\n", "FT207", "unknown key 'import'; networks are chosen", 2),
    "B084": ("!!python/object/apply:os.system ['id']\n", "FT227", "not TOML (line 1)", 1),
    "B087": ("format = 1\n" + '[[claim]]\nid = "a"\n' * 501, "FT230", "more than 500 claims", 1002),
    "no relation": (HEAD + 'statement = "risk"\n' + DOMAIN, "FT235", "no relation sign", 6),
    "single equals": (HEAD + 'statement = "risk = 1"\n' + DOMAIN, "FT235", "no relation sign", 6),
    "unknown experiment": (
        with_line("", head=HEAD.replace("linear.finetune", "linear.finetun")),
        "FT302",
        "unknown experiment 'linear.finetun'; did you mean",
        4,
    ),
    "unknown name in the domain": (with_domain("width = 3"), "FT303", "it offers: n, d, theta", 8),
    "wrong type": (with_line("title = 3"), "FT234", "expected text, got the number 3", 6),
    "wrong type in the domain": (with_domain("theta = true"), "FT234", "expected a number, got a boolean", 8),
    "date": (with_domain("theta = 1979-05-27"), "FT234", "expected a number, got a date", 8),
    "missing id": (
        HEAD.replace('id = "x"\n', "") + 'statement = "risk == 1"\n' + DOMAIN,
        "FT205",
        "missing key 'id'",
        2,
    ),
    "missing statement": (HEAD + DOMAIN, "FT205", "missing key 'statement'", 2),
    "missing domain": (HEAD + 'statement = "risk == 1"\n', "FT205", "missing table [claim.domain]", 2),
    "missing format": (with_statement("1").removeprefix("format = 1\n"), "FT205", "missing key 'format'", 1),
    "format 2": (with_statement("1").replace("format = 1", "format = 2"), "FT231", "expected 1, got 2", 1),
    "both": (with_line('latex = "R = 1"'), "FT232", "give either statement or latex", 6),
    "level without probability": (with_line("level = 0.9"), "FT233", "level is for quantifier 'probability'", 6),
    "probability without level": (
        HEAD.replace("each", "probability") + 'statement = "risk <= 1"\n' + DOMAIN,
        "FT205",
        "missing key 'level'",
        2,
    ),
    "measurement in where": (with_line('where = "risk < 1"'), "FT112", "unknown symbol 'risk'", 6),
    "limit with d": (with_line("", head=HEAD.replace("each", "limit")), "FT215", "found n and d", 8),
    "limit of L": (
        HEAD.replace("each", "limit") + 'limit = { L = "oo" }\nstatement = "risk == 1"\n[claim.domain]\n'
        "gamma = 0.5\ntheta = 1\n",
        "FT217",
        "only limits of growing d",
        6,
    ),
    "missing parameter": (with_domain("n = 3", "d = 9"), "FT306", "linear.finetune needs a value for theta", 7),
    "out of range": (with_domain("theta = 4"), "FT304", "expected real in [0, 3.14159]", 8),
    "empty file": ("format = 1\n", "FT205", "the file holds no claim", 1),
    "unknown range key": (with_domain("theta = { low = 0, high = 1 }"), "FT207", "unknown key 'low' of a range", 8),
    "no choices": (with_domain("theta = []"), "FT234", "expected 1 to 200 choices, got 0", 8),
}

#: what the examination of formulas over the domain refuses
EXAMINED = {
    "B062": (
        with_domain(
            "n = { min = 1, max = 39 }",
            "d = { min = 20, max = 40 }",
            "theta = 1",
            statement="risk == sigma*n/(d - n - 1)",
        ),
        "FT203",
        "pole inside the declared domain at",
        6,
    ),
    "pole of a real": (
        with_domain("n = 3", "d = 9", "theta = { min = 0, max = 1 }", statement="risk == 1/(1 - 2*theta)"),
        "FT203",
        "at theta = 1/2; add a constraint",
        6,
    ),
    "B073": (
        with_domain(
            "n = { min = 4, max = 30 }",
            "d = { min = 20, max = 40 }",
            "theta = 1",
            "sigma = { min = 0, max = 1 }",
            head=HEAD.replace("each", "mean"),
        ),
        "FT213",
        "variance is infinite at d - n < 4",
        6,
    ),
    "variance of a server": (
        with_domain(
            "clients = [inf, 4]",
            "n = { min = 5, max = 10 }",
            "d = { min = 10, max = 20 }",
            head=HEAD.replace("each", "mean").replace("linear.finetune", "federated.server"),
            statement="server_error == 1",
        ),
        "FT213",
        "variance is infinite at clients n - d < 4 (d = 17, n = 5)",
        6,
    ),
    "variance of a readout alone": (
        with_domain(
            "n = { min = 3, max = 30 }",
            "d = { min = 40, max = 50 }",
            "theta = 1",
            "ridge = { min = 0, max = 1 }",
            head=HEAD.replace("each", "mean").replace("linear.finetune", "transfer.linear"),
            statement="risk == 1",
        ),
        "FT213",
        "variance is infinite at n < 5",
        6,
    ),
    "exponent": (
        with_domain("n = { min = 1, max = 100 }", "d = 200", "theta = 1", statement="risk == sigma**n"),
        "FT113",
        "exponent n outside |p|<=64",
        6,
    ),
}


def refused(text: str | bytes, name: str = "x.toml") -> FileError:
    with pytest.raises(FileError) as caught:
        read(parse(text if isinstance(text, bytes) else text.encode(), name))
    return caught.value


@pytest.mark.parametrize("row", EXPRESSIONS)
def test_expressions(row: str) -> None:
    right, code, message = EXPRESSIONS[row]
    error = refused(with_statement(right))
    assert (error.code, error.line, error.exit_status) == (code, 6, 2), str(error)
    assert message in error.message
    assert str(error).startswith(f"x.toml:6: {code}: statement: ")
    assert "\n" not in str(error)


@pytest.mark.parametrize("row", FILES)
def test_files(row: str) -> None:
    text, code, message, line = FILES[row]
    error = refused(text)
    assert (error.code, error.line) == (code, line), str(error)
    assert message in error.message
    assert error.exit_status == (75 if code == "FT212" else 2)
    assert "\n" not in str(error)


@pytest.mark.parametrize(("content", "message"), [
    (b"\xff\xfef\x00o\x00", "(byte 0xff at offset 0)"),
    (b"format = 1\x00", "(byte 0x00 at offset 10)"),
    (b"title = \"\xe9\"", "(byte 0xe9 at offset 9)"),
])  # fmt: skip
def test_b077_encodings(content: bytes, message: str) -> None:
    error = refused(content)
    assert error.code == "FT223"
    assert message in error.message


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as box:
        yield box


@pytest.mark.parametrize("row", EXAMINED)
def test_what_the_examination_refuses(row: str, sandbox: Sandbox) -> None:
    text, code, message, _ = EXAMINED[row]
    assert sandbox.read(text.encode(), "x.toml") == {}
    found = sandbox.vet(0).refused
    assert found is not None
    assert found[0] == code
    assert message in found[1]


def test_b085_and_b086_not_regular_files(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.toml").write_text(with_statement("1"))
    (tmp_path / "inside" / "link.toml").symlink_to(tmp_path / "outside.toml")
    os.mkfifo(tmp_path / "pipe")
    for path, code in [
        (tmp_path / "none.toml", "FT229"),
        (tmp_path, "FT228"),
        (tmp_path / "pipe", "FT228"),
        (Path("/dev/null"), "FT228"),
        (tmp_path / "inside" / "link.toml", "FT228"),
    ]:
        with pytest.raises(FileError) as caught:
            load(path)
        assert caught.value.code == code
        assert str(caught.value).startswith(f"{path}:1: {code}: ")
    (tmp_path / "inside" / "own.toml").write_text(with_statement("1"))
    (tmp_path / "inside" / "near.toml").symlink_to(tmp_path / "inside" / "own.toml")
    assert load(tmp_path / "inside" / "near.toml") == with_statement("1").encode()


def test_infinity_is_a_value_of_the_parameters_that_have_it() -> None:
    def clients(given: str) -> tuple[object, ...]:
        text = with_domain("n = 3", "d = 5", f"clients = {given}", head=HEAD.replace("linear", "federated"))
        (claim,) = read(parse(text.encode(), "x.toml"))
        values = claim.domain["clients"]
        assert isinstance(values, Choices)
        return values.values

    assert clients("inf") == ("inf",)
    assert clients("[8, +inf]") == (8, "inf")


def test_b087_five_hundred_claims_are_read() -> None:
    text = "format = 1\n" + "".join(
        with_statement("1").removeprefix("format = 1\n").replace('"x"', f'"x{i}"') for i in range(500)
    )
    assert len(read(parse(text.encode(), "many.toml"))) == 500


def test_rejected_files_load_neither_torch_nor_scipy_and_write_nothing(tmp_path: Path) -> None:
    """Through the command line, one process for all: one line on stderr each, exit 2 or 75, no file made."""
    rows = {name: (with_statement(right), code) for name, (right, code, _) in EXPRESSIONS.items()}
    rows |= {name: (row[0], row[1]) for name, row in (FILES | EXAMINED).items()}
    for number, (text, _) in enumerate(rows.values()):
        (tmp_path / f"{number}.toml").write_bytes(text.encode())
    program = (
        "import contextlib, io, json, sys\n"
        "from ftproofs.claimfile.sandbox import Sandbox\n"
        "from ftproofs.cli import main\n"
        "from ftproofs.run import audit\n"
        "shared = Sandbox()\n"  # starting one for every file would take most of the time
        "audit.Sandbox = lambda: contextlib.nullcontext(shared)\n"
        "found = []\n"
        f"for i in range({len(rows)}):\n"
        "    err = io.StringIO()\n"
        "    with contextlib.redirect_stderr(err):\n"
        "        status = main(['audit', f'{i}.toml'])\n"
        "    heavy = [m for m in ('torch', 'scipy', 'hypothesis') if m in sys.modules]\n"
        "    found.append([status, err.getvalue(), heavy])\n"
        "shared.close()\n"
        "print(json.dumps(found))\n"
    )
    before = sorted(tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True
    )
    for number, ((name, (_, code)), (status, text, heavy)) in enumerate(
        zip(rows.items(), json.loads(done.stdout), strict=True)
    ):
        assert status == (75 if code == "FT212" else 2), (name, text)
        assert text.count("\n") == 1, (name, text)
        assert text.startswith(f"{number}.toml:"), (name, text)
        assert f": {code}: " in text, (name, text)
        assert not heavy, name
    assert sorted(tmp_path.iterdir()) == before
