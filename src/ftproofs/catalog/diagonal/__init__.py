"""Two-layer diagonal networks: what they conserve, what they prefer, what pretraining leaves (handbook 1-7)."""

from ftproofs.catalog.diagonal import conservation, scale

CLAIMS = (*conservation.CLAIMS, *scale.CLAIMS)
