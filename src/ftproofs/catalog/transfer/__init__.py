"""Transfer in high dimension: from scratch, a readout on pretrained features, fine-tuning, distances between tasks.

Handbook B1-B8; published formulas that fail stand beside the statements that hold.
"""

from ftproofs.catalog.transfer import boundary, divergence, features, finetune, readout, scratch, source

CLAIMS = (
    *scratch.CLAIMS,
    *features.CLAIMS,
    *readout.CLAIMS,
    *boundary.CLAIMS,
    *finetune.CLAIMS,
    *source.CLAIMS,
    *divergence.CLAIMS,
)
