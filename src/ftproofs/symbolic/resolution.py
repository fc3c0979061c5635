"""The resolution kappa of n samples on a spectrum, and the formulas for the risk built from it.

For inputs with covariance eigenvalues l_1, ..., l_d the resolution is the root of
``sum_i l_i/(l_i + kappa) = n``: directions with eigenvalues well above it are learned,
those well below it are not (handbook A4, and A7 for deep networks).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Add, Expr, Function, Mul, S, sqrt, sympify
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic import resolution_roots as roots
from ftproofs.symbolic.functions import depth_root


class kappa(Function):
    """``kappa(n, l_1, ..., l_d)``: the unique positive root k of ``sum_i l_i/(l_i + k) = n``.

    There is one exactly when 0 < n < the number of positive eigenvalues.
    """

    numeric = staticmethod(roots.kappa_array)
    multiprecision = staticmethod(roots.kappa_mp)
    ball = staticmethod(roots.kappa_ball)
    condition = staticmethod(roots.kappa_condition)

    @classmethod
    def eval(cls, n: Expr, *eigenvalues: Expr) -> Expr | None:
        positive = [x for x in eigenvalues if not x.is_zero]
        if len(positive) < len(eigenvalues):
            return cls(n, *positive) if positive else S.NaN
        if n.is_number and (not n.is_positive or (n - len(eigenvalues)).is_nonnegative):
            return S.NaN
        if len(set(eigenvalues)) == 1 and eigenvalues[0].is_positive:
            return eigenvalues[0] * (len(eigenvalues) - n) / n
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Implicit derivative."""
        _, *eigenvalues = self.args
        slope = Add(*(x / (x + self) ** 2 for x in eigenvalues))
        if argindex == 1:
            return -1 / slope
        if 2 <= argindex <= len(self.args):
            return self / (self.args[argindex - 1] + self) ** 2 / slope
        raise ArgumentIndexError(self, argindex)

    def _eval_is_extended_real(self) -> bool | None:
        return self._eval_is_positive()

    def _eval_is_positive(self) -> bool | None:
        n, *eigenvalues = self.args
        return True if n.is_positive and all(x.is_positive for x in eigenvalues) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        import mpmath

        if not all(a.is_number and a.is_extended_real for a in self.args):
            return None
        with mpmath.workprec(prec + 20):
            values = [a._to_mpmath(prec + 20) for a in self.args]
            return Expr._from_mpmath(roots.kappa_mp(mpmath.mp, *values), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        n, *eigenvalues = (printer._print(a) for a in self.args)
        head = r"\kappa" if exp is None else rf"\kappa^{{{exp}}}"
        return rf"{head}\left({n};\, {', '.join(eigenvalues)}\right)"


Vector = Sequence[Any]


def resolved(k: Any, eigenvalues: Vector, one: Vector, other: Vector) -> Expr:
    """``sum_i l_i u_i w_i / (l_i + kappa)**2``."""
    return Add(*(Mul(l, u, w) / (l + k) ** 2 for l, u, w in zip(map(sympify, eigenvalues), one, other, strict=True)))


def shrunk(k: Any, eigenvalues: Vector, one: Vector, other: Vector) -> Expr:
    """``sum_i u_i w_i / (l_i + kappa)``; kappa times it is the limit of ``u' P_perp w``."""
    return Add(*(Mul(u, w) / (l + k) for l, u, w in zip(map(sympify, eigenvalues), one, other, strict=True)))


def second_dimension(n: Any, eigenvalues: Vector) -> Expr:
    """``df2 = sum_i (l_i / (l_i + kappa))**2``, below n."""
    k = kappa(n, *eigenvalues)
    return Add(*((sympify(l) / (l + k)) ** 2 for l in eigenvalues))


def equivalent_bias(n: Any, eigenvalues: Vector, delta: Vector) -> Expr:
    """The limit of ``|Sigma^(1/2) P_perp delta|^2``; ``delta`` in the covariance's basis."""
    k = kappa(n, *eigenvalues)
    return k**2 * resolved(k, eigenvalues, delta, delta) / (1 - second_dimension(n, eigenvalues) / n)


def equivalent_variance(n: Any, eigenvalues: Vector, sigma: Any) -> Expr:
    """The limit of the fitted noise's risk, ``sigma^2 df2/(n - df2)``."""
    df2 = second_dimension(n, eigenvalues)
    return sympify(sigma) ** 2 * df2 / (n - df2)


def equivalent_noise_norm(n: Any, eigenvalues: Vector, sigma: Any) -> Expr:
    """The limit of ``|X^+ eps|^2``, ``sigma^2/kappa``."""
    return sympify(sigma) ** 2 / kappa(n, *eigenvalues)


# -- deep networks (A7) -------------------------------------------------------


def anisotropic_depth_factor(L: Any, n: Any, eigenvalues: Vector, source: Vector, target: Vector, sigma: Any) -> Expr:
    """The limit of c: the depth root at the limits of ``|X^+ y|``, ``|P_perp theta_S|`` and ``|theta_S|``."""
    k = kappa(n, *eigenvalues)
    fit = Add(*(l * t**2 / (l + k) for l, t in zip(map(sympify, eigenvalues), target, strict=True)))
    inside = sqrt(fit + equivalent_noise_norm(n, eigenvalues, sigma))
    outside = sqrt(k * shrunk(k, eigenvalues, source, source))
    return depth_root(L, inside, outside, sqrt(Add(*(sympify(x) ** 2 for x in source))))


def anisotropic_depth_risk(L: Any, n: Any, eigenvalues: Vector, source: Vector, target: Vector, sigma: Any) -> Expr:
    """The limit risk of depth-L fine-tuning: the bias of ``theta_T - c theta_S`` plus the variance."""
    c = anisotropic_depth_factor(L, n, eigenvalues, source, target, sigma)
    delta = [t - c * s for s, t in zip(source, target, strict=True)]
    return equivalent_bias(n, eigenvalues, delta) + equivalent_variance(n, eigenvalues, sigma)


def isotropic_noise_limit(gamma: Any) -> Expr:
    """The limit of the fitted unit noise's risk, and of its squared norm, for n/d -> gamma < 1."""
    gamma = sympify(gamma)
    return gamma / (1 - gamma)


def isotropic_depth_factor(L: Any, gamma: Any, s: Any, tau: Any, sigma: Any) -> Expr:
    """The limit of c for isotropic inputs, n/d -> gamma < 1: a `depth_root`."""
    gamma, s, tau, sigma = map(sympify, (gamma, s, tau, sigma))
    inside = gamma * tau**2 + sigma**2 * isotropic_noise_limit(gamma)
    return depth_root(L, sqrt(inside), sqrt(1 - gamma) * s, s)


def isotropic_infinite_depth_factor(gamma: Any, s: Any, tau: Any, sigma: Any) -> Expr:
    """The same at L = oo, ``(tau/s) sqrt(1 + sigma^2/((1 - gamma) tau^2))``."""
    gamma, s, tau, sigma = map(sympify, (gamma, s, tau, sigma))
    return sqrt(tau**2 + sigma**2 / (1 - gamma)) / s


def isotropic_depth_risk(c: Any, gamma: Any, s: Any, tau: Any, rho: Any, sigma: Any) -> Expr:
    """The limit risk when the source's outside part is scaled by c; ``rho`` is the cosine between the teachers."""
    gamma, s, tau, rho, sigma = map(sympify, (gamma, s, tau, rho, sigma))
    bias = (1 - gamma) * (tau**2 - 2 * c * rho * s * tau + sympify(c) ** 2 * s**2)
    return bias + sigma**2 * isotropic_noise_limit(gamma)
