"""Generated kernels against balls: NumPy, torch, mpmath."""

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
import torch
from flint import arb
from reference_cases import REFERENCE, case, label
from sympy import Piecewise, Rational, Symbol, cos, exp, log, oo, pi, sin, sqrt, symbols

from ftproofs.errors import KernelError, UsageError
from ftproofs.symbolic import balls, printer
from ftproofs.symbolic.functions import depth_root, isotropic_bias, isotropic_noise, norm_floor
from ftproofs.symbolic.kernels import ball_kernel, checked, error_units, mpmath_kernel, numpy_kernel, torch_kernel
from ftproofs.symbolic.vocabulary import v

x, y = symbols("x y", positive=True)
L, A, b, s = symbols("L A b s", positive=True)
BACKENDS = ("numpy", "torch")

#: Half a minute each: how well it is conditioned is a sum over fifty symbols.
LONG = {"A5_split_bound": pytest.mark.slow}


def build(expr, args, backend, **options):
    if backend == "numpy":
        return numpy_kernel(expr, args, **options)
    kernel = torch_kernel(expr, args, torch, **options)
    return lambda *values: kernel(*(torch.as_tensor(u, dtype=torch.float64) for u in values)).numpy()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("entry", [pytest.param(e, marks=LONG.get(e["name"], ()), id=label(e)) for e in REFERENCE])
def test_reference_values_to_four_units(entry, backend):
    formula, at = case(entry)
    row = [float(x) for x in at.values()]
    value = float(build(formula.expr, formula.parameters, backend)(*row))
    units, _ = error_units(formula.expr, formula.parameters, row, value)
    assert units <= 4
    assert value == pytest.approx(float(entry["value"]), rel=1e-15 * 4)


@pytest.mark.parametrize("entry", REFERENCE, ids=label)
def test_reference_values_with_mpmath(entry):
    formula, at = case(entry)
    with mpmath.workdps(40):
        values = [x._to_mpmath(150) for x in at.values()]
        found = mpmath_kernel(formula.expr, formula.parameters)(*values)
        assert abs(found / mpmath.mpf(entry["value"]) - 1) < mpmath.mpf(10) ** -28


@pytest.mark.parametrize("backend", BACKENDS)
def test_depth_root_kernel_over_its_domain(backend):
    points = [
        (depth, fit, share * source, source)
        for depth, fit, source, share in itertools.product(
            (1, 2, 3, 5, 8, 100, np.inf), (0, 1e-6, 0.5, 10), (0.25, 1, 4), (0, 0.3, 0.99, 1)
        )
    ]
    checked(depth_root(L, A, b, s), (L, A, b, s), points, backend=backend, torch=torch)
    for depth in (2, 3, 8, oo):
        checked(depth_root(depth, A, b, s), (A, b, s), {p[1:] for p in points}, backend=backend, torch=torch)


@pytest.mark.parametrize("backend", BACKENDS)
def test_catalog_formulas_with_edges(backend):
    sizes = [(n, d) for n in (1, 7, 20, 59, 60, 61, 62, 400) for d in (2, 20, 60, 61)]
    checked(isotropic_noise(v.n, v.d), (v.n, v.d), sizes, backend=backend, torch=torch)
    checked(isotropic_bias(v.n, v.d), (v.n, v.d), sizes, backend=backend, torch=torch)
    floors = [(k, share * r, r) for k in (1, 2, 5, 100) for share in (0, 0.2, 1) for r in (0.25, 4)]
    checked(norm_floor(L, b, s), (L, b, s), floors, backend=backend, torch=torch)


_FUNCTIONS = (
    exp(x) - 1,
    log(1 + x),
    sympy.erf(x) + sympy.erfc(y),
    sympy.loggamma(x),
    sympy.Max(x, y, 2) * sympy.Min(x, y, 3),
    sympy.Heaviside(x - y, Rational(1, 2)),
    sympy.sign(x - y) * sympy.Abs(x - 3),
    sympy.atan2(y, x),
    sin(x) * cos(y),
    sympy.sinh(x) + sympy.tanh(y),
    sympy.asinh(x) * sympy.acosh(1 + y),
    x ** Rational(1, 3) + x**y + 1 / x**2 + y ** (-Rational(1, 2)),
    pi * x + sqrt(2) ** x,
    sympy.floor(x) + sympy.ceiling(y),
    Piecewise((x, sympy.And(x > 1, y > 1)), (y, sympy.Or(x < Rational(1, 10), y > 3)), (2, sympy.Ne(x, y)), (0, True)),
    Piecewise((x, sympy.Not(sympy.Eq(x, y), evaluate=False)), (7, True)),
    sympy.asin(x / 10) + sympy.atan(y) + sympy.acos(y / 10) + sympy.atanh(x / 10),
)
_POINTS = ((1.5, 2.0), (1e-9, 1.0), (1.0, 1.0), (3.25, 0.125), (0.7, 3.5))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("expr", _FUNCTIONS, ids=str)
def test_functions(expr, backend):
    kernel = checked(expr, (x, y), _POINTS, backend=backend, torch=torch)
    columns = np.array(_POINTS).T
    wrap = torch.as_tensor if backend == "torch" else np.asarray
    values = np.asarray(kernel(*(wrap(c) for c in columns)))
    precise = mpmath_kernel(expr, (x, y))
    with mpmath.workdps(30):
        assert values == pytest.approx([float(precise(*map(mpmath.mpf, p))) for p in _POINTS], rel=1e-13, abs=1e-300)


def test_a_library_function_that_is_not_accurate_enough_is_found():
    checked(sympy.digamma(x + 2), (x,), [(1e-9,), (1.0,)])
    with pytest.raises(KernelError, match="FT140: torch kernel"):
        checked(sympy.digamma(x + 2), (x,), [(1e-9,), (1.0,)], backend="torch", torch=torch)
    with pytest.raises(KernelError, match="FT141"):
        numpy_kernel(sympy.polygamma(1, x), (x,))


@pytest.mark.parametrize("function", [sympy.tan, sympy.cot, sympy.gamma, sympy.factorial, sympy.erfi, sympy.coth])
def test_functions_without_array_code_are_refused(function):
    expr = function(x)
    if function is sympy.tan:
        checked(expr, (x,), [(0.5,)])
        return
    with pytest.raises(KernelError, match="FT141"):
        numpy_kernel(expr, (x,))
    with mpmath.workdps(30):
        value = mpmath_kernel(expr, (x,))(mpmath.mpf("0.5"))
        assert arb(str(value)).overlaps(balls.enclose(expr, {x: 0.5}))


def test_mpmath_knows_what_the_trees_hold():
    with mpmath.workdps(30):
        at = mpmath_kernel(Piecewise((1 / x, sympy.Or(x > 1, y > 5)), (oo, sympy.And(x > 0, y > 2))), (x, y))
        assert at(2, 1) == 0.5
        assert at(1, 3) == mpmath.inf
        assert mpmath.isnan(at(1, 1))
        assert (
            mpmath_kernel(Piecewise((-oo, sympy.Not(x > 1, evaluate=False)), (sympy.E, True)), (x,))(1) == -mpmath.inf
        )
        assert mpmath_kernel(sympy.Heaviside(x - 1, Rational(1, 2)), (x,))(1) == 0.5
        assert mpmath_kernel(sympy.Heaviside(x - 1), (x,))(2) == 1
    with pytest.raises(KernelError, match="FT141"):
        mpmath_kernel(sympy.Function("f")(x), (x,))(1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_cancellation_is_found_and_named(backend):
    expr = sqrt((1 + x) ** 2 - 4 * x * (1 - y)) - (1 + x)
    with pytest.raises(KernelError, match=r"FT140.*x = 100000000\.0, y = 1e-12: -2\.0, balls say \[-1\.99999"):
        checked(expr, (x, y), [(2.0, 0.5), (1e8, 1e-12)], backend=backend, torch=torch)
    checked(-4 * x * y / (sqrt((1 + x) ** 2 - 4 * x * y) + 1 + x), (x, y), [(2.0, 0.5), (1e8, 1e-12)])


def test_a_wrong_kernel_cannot_pass():
    row = (1.25, 0.5)
    exact = float(balls.enclose(x**y, dict(zip((x, y), row, strict=True))))
    assert error_units(x**y, (x, y), row, exact)[0] < 1
    assert error_units(x**y, (x, y), row, exact * (1 + 1e-13))[0] > 4
    assert error_units(x**y, (x, y), row, np.nan)[0] == np.inf
    assert error_units(1 / (x - y), (x, y), (1.0, 1.0), 3.0)[0] == np.inf
    assert error_units(1 / (x - y), (x, y), (1.0, 1.0), np.inf)[0] == 0
    assert error_units(isotropic_noise(v.n, v.d), (v.n, v.d), (5.0, 5.0), np.inf)[0] == 0
    assert error_units(isotropic_noise(v.n, v.d), (v.n, v.d), (5.0, 5.0), 1e300)[0] == np.inf
    with pytest.raises(KernelError, match="no point"):
        checked(x, (x,), [])


def test_shared_subexpressions_are_dropped_where_they_cost_accuracy(monkeypatch):
    honest = printer.source

    def corrupted(expr, args, *, cse):
        text, functions = honest(expr, args, cse=cse)
        return (text.replace("return ", "return 1.000001*"), functions) if cse else (text, functions)

    monkeypatch.setattr("ftproofs.symbolic.kernels.source", corrupted)
    expr = sum((x + y) ** k / (1 + (x + y) ** 2) for k in range(1, 9))
    kernel = checked(expr, (x, y), [(1.0, 2.0)])
    assert error_units(expr, (x, y), (1.0, 2.0), float(kernel(1.0, 2.0)))[0] <= 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_broadcasting_and_constants(backend):
    kernel = build(x + y, (x, y), backend)
    assert kernel(np.ones((3, 1)), np.ones(4)).shape == (3, 4)
    constant = build(sqrt(2) + 0 * x, (x,), backend)
    assert constant(np.ones((2, 3))).shape == (2, 3)
    assert constant(1.0) == pytest.approx(2**0.5, rel=1e-16)
    assert build(sympy.Integer(3), (), backend)() == 3
    assert build(oo + 0 * x, (x,), backend)(np.ones(2)).tolist() == [np.inf] * 2
    assert build(Piecewise((-oo, x < 1), (x, True)), (x,), backend)(np.array([0.5, 2])).tolist() == [-np.inf, 2]


def test_dtype_and_shared_subexpressions():
    expr = sum((x + y) ** k / (1 + (x + y) ** 2) for k in range(1, 9))
    plain, shared = (numpy_kernel(expr, (x, y), cse=c) for c in (False, True))
    u = np.linspace(0.1, 2, 50)
    assert shared(u, u).dtype == np.float64
    np.testing.assert_allclose(plain(u, u), shared(u, u), rtol=1e-14)
    assert torch_kernel(expr, (x, y), torch)(torch.ones(2, dtype=torch.float64), 2).dtype == torch.float64


def test_names_never_become_code(tmp_path):
    path = tmp_path / "ran"
    payload = Symbol(f"open({str(path)!r}, 'w')", positive=True)
    for make in (numpy_kernel, mpmath_kernel, ball_kernel, lambda e, a: torch_kernel(e, a, torch)):
        with pytest.raises(UsageError, match="FT120"):
            make(payload + 1, (payload,))
    assert not path.exists()
    text, _ = printer.source(x + y, (x, y), cse=False)
    assert text == "def kernel(full, x0, x1):\n    return (x0 + x1)"


def test_missing_arguments_and_constants_without_value():
    with pytest.raises(UsageError, match=r"FT112.*'y'"):
        numpy_kernel(x + y, (x,))
    with pytest.raises(KernelError, match="FT141"):
        numpy_kernel(x + sympy.nan * Symbol("q"), (x, Symbol("q")))
    with pytest.raises(KernelError, match="FT141"):
        numpy_kernel(sympy.Integral(x, (x, 0, y)), (y,))


def test_ball_kernel():
    kernel = ball_kernel(sqrt(x) - y, (x, y), prec=200)
    assert kernel(2, (0, Fraction(1, 10))).contains(kernel(2, 0.05))
    assert kernel(2, 0).rel_accuracy_bits() > 190


def test_torch_kernels_follow_their_first_tensor():
    kernel = torch_kernel(depth_root(L, A, b, s) + Piecewise((x, x < 1), (0, True)), (L, A, b, s, x), torch)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = kernel(3, torch.linspace(0, 2, 7, dtype=torch.float64, device=device), 0.4, 1, 0.5)
    assert found.device.type == device.type
    assert found.shape == (7,)
    assert found[0] == pytest.approx(0.16 + 0.5, rel=1e-15)
