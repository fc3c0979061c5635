"""Two-layer diagonal networks: what they conserve, what they prefer, what pretraining leaves (handbook 1-7)."""

from ftproofs.catalog.diagonal import bias, conservation, order, regimes, scale

CLAIMS = (*conservation.CLAIMS, *bias.CLAIMS, *scale.CLAIMS, *order.CLAIMS, *regimes.CLAIMS)
