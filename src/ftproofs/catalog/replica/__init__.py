"""The error of fine-tuned diagonal networks in the proportional limit (handbook 8, 9)."""

from ftproofs.catalog.replica import risk

CLAIMS = (*risk.CLAIMS,)
