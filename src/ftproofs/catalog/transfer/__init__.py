"""Transfer in high dimension: from scratch, a readout on pretrained features, fine-tuning, distances between tasks.

Handbook B1-B8; published formulas that fail stand beside the statements that hold.
"""

from ftproofs.catalog.transfer import finetune, readout, scratch, source

CLAIMS = (*scratch.CLAIMS, *readout.CLAIMS, *finetune.CLAIMS, *source.CLAIMS)
