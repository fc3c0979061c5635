"""Training to the limit: engines by name, one interface.

``descent`` trains parameters as a user would, ``flow`` integrates the gradient flow of the raw
weights, ``reduced`` integrates an exact reduction of it.  None of them knows a theorem
about where training ends.
"""

from __future__ import annotations

from ftproofs.errors import unknown
from ftproofs.names import Value
from ftproofs.names import experiment as specification
from ftproofs.numeric.device import single_threaded
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import deep_descent, deep_linear, descent, frozen, reduced
from ftproofs.numeric.training.result import Trained

__all__ = ["Trained", "train"]


def train(
    task: Task,
    *,
    experiment: str,
    parameters: list[dict[str, Value]],
    engine: str,
    method: int = 0,
    rate: float = 1.0,
    max_steps: int | None = None,
    eta: float = deep_descent.ETA,
) -> Trained:
    """Train a batch until each case's distance to its limit is certified, or given up.

    Args:
        task: the cases' tasks.
        experiment: a name of `ftproofs.names.EXPERIMENTS`.
        parameters: one complete set for each case.
        engine: one of the experiment's engines.
        method: 0 the usual implementation, 1 an independent one that confirms it.
        rate: factor on the learning rate (flow: on time); at 0 nothing is trained.
        max_steps: steps after which a case is given up; the default is the engine's own.
        eta: step of ``descent`` on deep networks, in units of 2 over a bound of the largest curvature.

    Raises:
        UsageError: FT302 unknown experiment, FT308 unknown engine, FT305 parameters
            that do not fit together.
    """
    spec = specification(experiment)
    if engine not in spec.engines:
        raise unknown(f"engine of {experiment}", engine, spec.engines, code="FT308")
    single_threaded()
    count = len(task)
    if count == 1:
        # Kernels for a batch of one round differently: train it beside a copy of itself.
        task, parameters = task.select([0, 0]), parameters * 2
    if experiment == "deep-linear.finetune":
        trained = _deep_linear(task, parameters, engine, method, rate, max_steps, eta)
    elif experiment == "deep-linear.frozen":
        trained = frozen.train_frozen(task, parameters, method=method, rate=rate, max_steps=max_steps)
    else:
        trained = descent.train_linear(task, parameters, method=method, rate=rate, max_steps=max_steps)
    return trained.first(count)


def _deep_linear(
    task: Task,
    parameters: list[dict[str, Value]],
    engine: str,
    method: int,
    rate: float,
    max_steps: int | None,
    eta: float,
) -> Trained:
    if engine == "descent":
        return deep_descent.descend_deep_linear(task, parameters, eta=eta, rate=rate, max_steps=max_steps)
    if engine == "reduced" and method == 0:
        return reduced.train_reduced(task, parameters, rate=rate, max_steps=max_steps)
    return deep_linear.train_deep_linear(task, parameters, method=method, rate=rate, max_steps=max_steps)
