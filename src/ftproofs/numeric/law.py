"""The oracle at large sizes: what an isotropic Gaussian design does to two teachers and the noise, drawn from its law.

Where training ends depends on a design X (n, d), teachers and noise through few numbers only: inner
products of the teachers' parts inside and outside the row space, of the fitted noise, and of their
images under X.  With X standard normal these are drawn exactly, at a cost that does not grow with n or d.
Let p = min(n, d), m = max(n, d).

- *Polar form.* ``X = (X X')^(1/2) Q`` (n < d) or ``X = U (X'X)^(1/2)``: the frame Q or U is uniform and independent
  of the Wishart matrix S on the p-dimensional row space, ``S ~ W_p(m)``.  The noise enters as
  ``g ~ N(0, sigma^2 I_p)``, fitted by ``w = S^(-1/2) g``.
- *Teachers.* They are made from two Gaussian vectors of R^d (`tasks`).  Axes of the row space, and of its
  complement, may be turned so that the first vector has one coordinate in each and the second two: the lengths are chi
  variables with p, p - 1 and d - p, d - p - 1 degrees of freedom.
- *Design and noise.* Let these two axes of the row space be the last two of a Bartlett factor ``S = R'R``:

      R = [R11  R12]   top: p - 2 rows       a^2 ~ chi^2(m - p + 2), b^2 ~ chi^2(m - p + 1), c ~ N(0, 1)
          [ 0   a c]                         R12 standard normal, R11'R11 ~ W_{p-2}(m)
          [ 0   0 b]

  ``w = R^-1 g`` has last coordinates ``w_2 = g_2/b``, ``w_1 = (g_1 - c w_2)/a``, and the rest ``R11^-1 q`` with
  ``q = g_top - R12 (w_1, w_2)``.  The direction of q is uniform and independent of R11, so ``|R11^-1 q|^2`` is
  ``|q|^2 / chi^2(m - p + 3)``; its own direction is the third axis.  Only inner products of the columns of
  R12 and g_top matter in their p - 2 dimensions: three coordinates, again by Bartlett.

So a setting becomes a task in five dimensions, three of them in the row space (three in all where n >= d), which the
oracle solves as any other.  `tests/numeric/test_law.py` compares it with solved designs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Experiment, Value, source_samples
from ftproofs.numeric import solvers, tasks
from ftproofs.numeric.measurements import ROUNDING, Readings, read_excess, read_predictor, read_risk, read_task
from ftproofs.numeric.seeds import generator, of_design, sharing
from ftproofs.numeric.solvers import Design
from ftproofs.numeric.tasks import Task
from ftproofs.settings import Block, Setting, parameters_of

#: The engine's name in blocks, beside the oracle's own.
LAW = "law"

#: Experiments whose limits are known in these numbers; those that start from zero.
FROM_ZERO = ("linear.scratch", "transfer.scratch")
EXPERIMENTS = (*FROM_ZERO, "linear.finetune", "deep-linear.finetune", "transfer.linear", "transfer.finetune")

#: What can be read from them.
MEASUREMENTS = frozenset(
    {
        *("risk", "scratch_risk", "transfer_gain", "start_risk", "delta_risk", "swapped_delta_risk"),
        *("double_delta_risk", "noise_risk", "pinv_noise_norm", "min_norm", "fit_gap", "target_gap", "perp_gap"),
        *("beta_norm", "par_beta_norm", "perp_beta_norm", "perp_ratio", "perp_alignment", "along_source"),
        "excess_risk",
        *("par_source_norm", "perp_source_norm", "par_target_norm", "perp_target_norm", "perp_product"),
        *("delta_norm", "perp_delta_norm", "start_norm", "start_product"),
        *("sigma_source_norm", "sigma_target_norm", "sigma_product"),
    }
)

#: Coordinates in the row space, and in all.
INSIDE, ALL = 3, 5


def knows(name: str, parameters: dict[str, Value], measurements: Collection[str]) -> bool:
    """Whether these measurements of that experiment can be drawn at the setting."""
    if name not in EXPERIMENTS or not MEASUREMENTS.issuperset(measurements):
        return False
    samples = source_samples(parameters) if "gamma_s" in parameters else None
    sizes = [int(parameters["n"]), int(parameters["d"]), INSIDE if samples is None else samples]
    return (
        min(sizes) >= INSIDE
        and parameters.get("inputs", "gaussian") == "gaussian"
        and parameters.get("spectrum", "isotropic") == "isotropic"
        and float(parameters.get("imbalance", 1)) == 1
        and float(parameters.get("init_scale", 0)) == 0
    )


@dataclass(frozen=True)
class Small:
    """What is left of a batch of settings.

    ``first`` and ``second`` (case, 5) are the two Gaussian vectors that teachers are made from, ``fitted`` (case, 3)
    is the fit of noise of unit variance, ``design`` (case, 5, 3) the design on the row space's axes in coordinates
    of the labels, ``noise`` (case, 5) the noise in the same.
    """

    first: np.ndarray
    second: np.ndarray
    fitted: np.ndarray
    design: np.ndarray
    noise: np.ndarray


def draw(sources: Sequence[np.random.Generator], shapes: Sequence[tuple[int, int]], count: int) -> Small:
    """``count`` cases of every generator, in order, of designs of its shape (n, d)."""
    chi, normal = [], []
    for source, (n, d) in zip(sources, shapes, strict=True):
        p, m, rest = min(n, d), max(n, d), max(0, d - n)
        degrees = [p, p - 1, rest, rest - 1, p - 2, p - 3, p - 4, m - p + 1, m - p + 2, m - p + 3]
        chi.append(np.sqrt(2 * source.standard_gamma(np.maximum(degrees, 0) / 2, (count, len(degrees)))))
        # Coordinates that small dimensions do not have are zero.
        exists = [True, rest > 0, True, p > 3, True, True, True, True]
        normal.append(source.standard_normal((count, len(exists))) * exists)
    c = np.concatenate(chi).T
    z = np.concatenate(normal).T
    zero = np.zeros_like(c[0])
    first = np.stack([c[0], zero, zero, c[2], zero], axis=1)
    second = np.stack([z[0], c[1], zero, z[1], c[3]], axis=1)
    column, other, top = ((c[4], zero, zero), (z[2], c[5], zero), (z[4], z[3], c[6]))
    b, a, cross, below = c[7], c[8], z[5], (z[6], z[7])
    w2 = below[1] / b
    w1 = (below[0] - cross * w2) / a
    q = [g - r * w1 - s * w2 for g, r, s in zip(top, column, other, strict=True)]
    w3 = np.sqrt(sum(x * x for x in q)) / c[9]
    rows = [[r, s, x / w3] for r, s, x in zip(column, other, q, strict=True)]
    rows += [[a, cross, zero], [zero, b, zero]]
    design = np.stack([np.stack(row, axis=1) for row in rows], axis=1)
    return Small(first, second, np.stack([w1, w2, w3], axis=1), design, np.stack([*top, *below], axis=1))


def _axes(small: Small) -> tuple[np.ndarray, np.ndarray]:
    """An orthonormal pair, uniform in its d dimensions; each (case, 5)."""
    along, across = _unit(small.first), small.second
    for _ in range(2):  # twice: orthogonal to the last bits
        across = across - (across * along).sum(axis=1, keepdims=True) * along
    return along, _unit(across)


def _unit(z: np.ndarray) -> np.ndarray:
    return z / np.sqrt((z * z).sum(axis=1, keepdims=True))


def _plane(parameters: Sequence[dict[str, Value]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The teachers in their plane: the source's length, and the target along and across it; each (case, 1)."""
    source, target, angle = (tasks.column(parameters, name) for name in ("source_norm", "target_norm", "theta"))
    # Exact angles have exact coordinates.
    cosine = np.where(angle == np.pi, -1.0, np.cos(angle))
    return source, target * cosine, target * np.where(angle == np.pi, 0.0, np.sin(angle))


def _pretrained(
    parameters: Sequence[dict[str, Value]], sources: Sequence[np.random.Generator], count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_plane`, with the minimum-norm fit of finite source data in place of the source teacher."""
    source, along, across = _plane(parameters)
    samples = [source_samples(p) if "gamma_s" in p else None for p in parameters[::count]]
    finite = [i for i, number in enumerate(samples) if number is not None]
    if not finite:
        return source, along, across
    cases = [i * count + j for i in finite for j in range(count)]
    shapes = [(int(samples[i] or 0), int(parameters[i * count]["d"])) for i in finite]
    small = draw([sources[i] for i in finite], shapes, count)
    first, second = _axes(small)
    teacher = source[cases] * first
    target = along[cases] * first + across[cases] * second
    fit = np.zeros_like(teacher)
    fit[:, :INSIDE] = teacher[:, :INSIDE] + tasks.column([parameters[i] for i in cases], "sigma_s") * small.fitted
    length = np.sqrt((fit * fit).sum(axis=1, keepdims=True))
    source[cases] = length
    along[cases] = (fit * target).sum(axis=1, keepdims=True) / length
    # What is left of the target, by its part across: no difference of squares.
    off = target - along[cases] * fit / length
    across[cases] = np.sqrt((off * off).sum(axis=1, keepdims=True))
    return source, along, across


def measure(
    spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str
) -> tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]:
    """What the experiments measure of one block; readings that no law is known of are left out.

    Raises:
        UsageError: FT308 a setting whose law is not known; FT305 settings of different shapes.
    """
    tasks.same_shape(parameters)
    for p in {id(p): p for p in parameters}.values():
        if not knows(spec.name, p, ()):
            raise UsageError("FT308", f"engine {LAW} of {spec.name} knows isotropic Gaussian inputs and small starts")
    if spec.name == "transfer.linear" and parameters[0]["L"] == 1:
        raise UsageError("FT305", "transfer.linear needs L >= 2: a network of one layer has no features")
    shared = sharing(block.settings[0].stage)
    settings, chosen = tasks.whole_designs(block.settings, shared)
    parameters = parameters_of(settings)
    readings = _readings(spec.name, settings, parameters, shared, device)
    if settings is not block.settings:
        readings = {name: (value[chosen], bound[chosen]) for name, (value, bound) in readings.items()}
    known = {name: readings[name] for name in spec.measurements if name in MEASUREMENTS}
    return known, ("ok",) * len(block), (), {}


def _readings(
    name: str, settings: Sequence[Setting], parameters: list[dict[str, Value]], shared: int, device: str
) -> Readings:
    shape = int(parameters[0]["n"]), int(parameters[0]["d"])
    sources = [generator(of_design(setting), "law") for setting in settings[::shared]]
    small = draw(sources, [shape] * len(sources), shared)
    length, along, across = _pretrained(parameters, sources, shared)
    first, second = _axes(small)

    def move(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    source, target = move(length * first), move(along * first + across * second)
    noise = move(tasks.column(parameters, "sigma") * small.fitted)
    eye = torch.eye(INSIDE, ALL, dtype=source.dtype, device=source.device).expand(len(settings), INSIDE, ALL)
    one = torch.ones_like(source)
    task = Task(eye, target[:, :INSIDE] + noise, noise, source, target, one, settings)
    design = Design(eye.mT, eye.mT, one[:, 0])
    nothing = torch.zeros_like(one[:, 0])
    scratch = design.fit(task.y)
    if name in FROM_ZERO:
        task, beta = replace(task, source=torch.zeros_like(source)), scratch
    elif name == "linear.finetune":
        beta = solvers.linear_endpoint(design, task.y - task.image(source), source)
    elif name == "transfer.linear":
        ridge = move(tasks.column(parameters, "ridge")[:, 0])
        image = move(small.design)
        labels = torch.einsum("crk,ck->cr", image, target[:, :INSIDE]) + move(
            tasks.column(parameters, "sigma") * small.noise
        )
        predicted = torch.einsum("crk,ck->cr", image, source[:, :INSIDE])
        # The oracle multiplies the penalty by the number of labels, which are fewer here.
        beta = solvers.rank_one_ridge(predicted, labels, source, ridge * shape[0] / ALL, int(parameters[0]["L"]))
    else:
        beta = solvers.deep_linear_endpoint(design, task.y, source, int(parameters[0]["L"]))
    readings = read_task(task, design) | read_predictor(task, design, beta, nothing)
    own, own_bound = read_risk(task, design, scratch, nothing)
    risk, bound = readings["risk"]
    start = torch.linalg.vector_norm(source, dim=1)
    product = (source * target).sum(dim=1)
    slack = ROUNDING * start * torch.linalg.vector_norm(target, dim=1)
    aligned = (beta * source).sum(dim=1) / start
    return readings | {
        "scratch_risk": (own, own_bound),
        "transfer_gain": (own - risk, own_bound + bound),
        "start_norm": (start, ROUNDING * start),
        "start_product": (product, slack),
        "excess_risk": read_excess(beta, target, source / start[:, None], nothing),
        "along_source": (aligned, ROUNDING * torch.linalg.vector_norm(beta, dim=1)),
    }
