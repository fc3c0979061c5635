"""The error of fine-tuned diagonal networks in the proportional limit (handbook 8, 9)."""

from ftproofs.catalog.replica import layers, recovery, risk, stages

CLAIMS = (*risk.CLAIMS, *stages.CLAIMS, *layers.CLAIMS, *recovery.CLAIMS)
