"""The error of fine-tuned diagonal networks in the proportional limit (handbook 8, 9)."""

from ftproofs.catalog.replica import layers, risk

CLAIMS = (*risk.CLAIMS, *layers.CLAIMS)
