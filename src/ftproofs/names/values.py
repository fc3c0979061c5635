"""Values for parameters: checked, completed with defaults, with n, d and gamma made to fit."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ftproofs.errors import UsageError, unknown
from ftproofs.names.experiments import EXPERIMENTS
from ftproofs.names.kinds import INFINITE, REQUIRED, Experiment, Value
from ftproofs.names.measurements import MEASUREMENTS
from ftproofs.names.parameters import PARAMETERS

#: Measurements that are per coordinate where teachers have no norm of their own (diagonal networks).
PER_COORDINATE = ("transfer_gain",)


def experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        UsageError: FT302, listing the nearest names.
    """
    try:
        return EXPERIMENTS[name]
    except KeyError:
        raise unknown("experiment", name, EXPERIMENTS, code="FT302") from None


def complete(name: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """The experiment's parameters, given ones checked and defaults filled in.

    Two of ``n``, ``d``, ``gamma`` fix the third: ``n = round(gamma * d)``.  The
    result has every parameter of the experiment and no ``gamma``.

    Raises:
        UsageError: FT303 a parameter the experiment has not; FT304 a value outside
            its range or of the wrong kind; FT305 n, d and gamma that do not fit;
            FT306 a missing parameter.
    """
    spec = experiment(name)
    given = dict(given)
    gamma = given.pop("gamma", None)
    if gamma is not None:
        given |= _resolve_gamma(gamma, given)
    for key in given:
        if key not in spec.parameters:
            raise unknown(f"parameter of {name}", key, spec.parameters, code="FT303")
    values: dict[str, Value] = {}
    for key, default in spec.parameters.items():
        if key in given:
            values[key] = check_value(key, given[key])
        elif default == REQUIRED:
            raise UsageError("FT306", f"{name} needs a value for {key} ({PARAMETERS[key].meaning})")
        else:
            values[key] = default
    return values


def _resolve_gamma(gamma: Value, given: Mapping[str, Value]) -> dict[str, Value]:
    ratio = check_value("gamma", gamma)
    assert isinstance(ratio, float)
    if "n" in given and "d" in given:
        n, d = check_value("n", given["n"]), check_value("d", given["d"])
        if not isinstance(n, int) or not isinstance(d, int) or n != round(ratio * d):
            raise UsageError("FT305", f"n = {n}, d = {d} and gamma = {ratio} do not fit; give two of the three")
        return {}
    if "d" in given:
        d = check_value("d", given["d"])
        assert isinstance(d, int)
        return {"n": round(ratio * d)}
    if "n" in given:
        n = check_value("n", given["n"])
        assert isinstance(n, int)
        return {"d": round(n / ratio)}
    raise UsageError("FT305", "gamma alone does not fix n and d; give one of them as well")


def check_value(name: str, value: Value) -> Value:
    """The value in its parameter's own type (int, float or str; infinity as `INFINITE` where it is admitted).

    Raises:
        UsageError: FT304, naming the parameter, what was found and what was expected.
    """
    parameter = PARAMETERS[name]
    if parameter.kind == "choice":
        if value not in parameter.choices:
            raise UsageError("FT304", f"{name} = {value!r}: expected one of {', '.join(parameter.choices)}")
        return value
    if parameter.infinite and (value in ("inf", "oo") or value == math.inf):
        return INFINITE
    if isinstance(value, (str, bool)):
        raise UsageError("FT304", f"{name} = {value!r}: expected a number ({parameter.meaning})")
    number = float(value)
    low_ok = number > parameter.low if parameter.sign == "positive" and parameter.low == 0 else number >= parameter.low
    if not (low_ok and number <= parameter.high) or not math.isfinite(number):
        opening = "(" if parameter.sign == "positive" and parameter.low == 0 else "["
        closing = ")" if parameter.high == math.inf else "]"
        interval = f"{opening}{parameter.low:g}, {parameter.high:g}{closing}"
        raise UsageError("FT304", f"{name} = {value!r}: expected {parameter.kind} in {interval} ({parameter.meaning})")
    if parameter.kind == "integer":
        if number != int(number):
            raise UsageError("FT304", f"{name} = {value!r}: expected an integer ({parameter.meaning})")
        return int(number)
    return number


def source_samples(values: Mapping[str, Value]) -> int | None:
    """``n_s = round(gamma_s d)``, the number of source samples (at least 1), or None for the population."""
    ratio = float(values["gamma_s"])
    return None if math.isinf(ratio) else max(1, round(ratio * int(values["d"])))


def scale_names(measurement: str) -> tuple[tuple[str, int], ...]:
    """The factors (name, exponent) of a measurement's scale; empty for scale 1."""
    return MEASUREMENTS[measurement].scale


def natural_unit(measurement: str, values: Mapping[str, Value]) -> float:
    """A measurement's natural scale at a setting; a gain per coordinate, of teachers of unit second moment, has 1."""
    if measurement in PER_COORDINATE and "target_norm" not in values:
        return 1.0
    return math.prod(natural_norm(factor, values) ** exponent for factor, exponent in scale_names(measurement))


def natural_norm(name: str, values: Mapping[str, Value]) -> float:
    """A teacher's norm at a setting, which measurements are scaled by.

    A client's model is as far from the global one as its ``client_radius``, which its risks
    are measured against.  An experiment without a source is measured against its target.  The teachers of
    diagonal networks have unit second moment a coordinate, so the norm sqrt(d); in one
    coordinate they are beta_aux and beta_main.
    """
    if name in values:
        return float(values[name])
    if "target_norm" in values:
        return float(values["target_norm"])
    if "client_radius" in values:
        return float(values["client_radius"])
    if "beta_main" in values:
        return abs(float(values["beta_aux" if name == "source_norm" else "beta_main"]))
    return math.sqrt(float(values["d"]))
