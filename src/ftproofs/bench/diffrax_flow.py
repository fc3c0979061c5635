"""The peer of dln.flow: diffrax's Dopri8 with the stopping rule of ftproofs, and the same Newton step at the end.

A network stops where its residual is small enough that one Newton step in the metric of the flow lands on the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from torch import Tensor

from ftproofs.bench.data import Diagonal

MISSING = "diffrax is not installed"


def there() -> bool:
    """Whether diffrax can be imported."""
    return find_spec("diffrax") is not None


def solver(data: Diagonal, tolerance: float, stop: float, *, lockstep: bool) -> Callable[[], np.ndarray]:
    """A compiled run of all networks, giving predictors (net, d).

    Args:
        tolerance: relative and absolute, of the step size.
        stop: residual, relative to the labels' norm, at which a network is done.
        lockstep: all networks step together (vmap), or one after the other (map); alone neither is used.
    """
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def slope(t: Any, z: Any, args: Any) -> Any:
        X, y, _ = args
        wp, vp, wm, vm = z
        g = X.T @ (y - X @ (wp * vp - wm * vm))
        return jnp.stack([g * vp, g * wp, -g * vm, -g * wm])

    def small(t: Any, z: Any, args: Any, **_: Any) -> Any:
        X, y, unit = args
        residual = y - X @ (z[0] * z[1] - z[2] * z[3])
        return jnp.linalg.norm(residual) <= stop * unit

    def one(X: Any, y: Any, z: Any) -> Any:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(slope),
            diffrax.Dopri8(),
            t0=0.0,
            t1=1e12,
            dt0=None,
            y0=z,
            args=(X, y, jnp.linalg.norm(y)),
            stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance),
            saveat=diffrax.SaveAt(t1=True),
            max_steps=100_000,
            event=diffrax.Event(small),
            throw=False,
        )
        wp, vp, wm, vm = solution.ys[0]
        speed = wp**2 + vp**2 + wm**2 + vm**2
        step = jnp.linalg.solve((X * speed) @ X.T, y - X @ (wp * vp - wm * vm))
        s = X.T @ step
        grow, shrink = jnp.exp(s), jnp.exp(-s)
        up, down = grow * (wp + vp), shrink * (wp - vp)
        back, forth = shrink * (wm + vm), grow * (wm - vm)
        return (up**2 - down**2) / 4 - (back**2 - forth**2) / 4

    arrays = [jnp.asarray(z.cpu().numpy()) for z in (data.X, data.y)]
    start = jnp.stack([jnp.asarray(w.cpu().numpy()) for w in data.weights.tensors()], axis=1)
    if len(data.y) == 1:
        alone = jax.jit(one)
        first = (arrays[0][0], arrays[1][0], start[0])
        return lambda: np.asarray(alone(*first))[None]
    if lockstep:
        together = jax.jit(jax.vmap(one))
        return lambda: np.asarray(together(*arrays, start))
    after = jax.jit(lambda X, y, z: jax.lax.map(lambda each: one(*each), (X, y, z)))
    return lambda: np.asarray(after(*arrays, start))


def distance(found: np.ndarray, exact: Tensor) -> float:
    """The worst network's error, relative to the limit's norm."""
    true = exact.cpu().numpy()
    return float((np.linalg.norm(found - true, axis=1) / np.linalg.norm(true, axis=1)).max())
