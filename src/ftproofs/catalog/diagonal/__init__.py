"""Two-layer diagonal networks: what they conserve, what they prefer, what pretraining leaves (handbook 1-7)."""

from ftproofs.catalog.diagonal import bias, conservation, dynamics, limits, order, regimes, scale

CLAIMS = (
    *conservation.CLAIMS,
    *dynamics.CLAIMS,
    *bias.CLAIMS,
    *scale.CLAIMS,
    *order.CLAIMS,
    *regimes.CLAIMS,
    *limits.CLAIMS,
)
