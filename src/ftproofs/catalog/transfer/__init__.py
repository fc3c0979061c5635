"""Transfer in high dimension: from scratch, a readout on pretrained features, fine-tuning, distances between tasks.

Handbook B1, B3-B8; published formulas that fail stand beside the statements that hold.
The claims of B2 (`features`) are written and derived but left out: their networks, trained
from small random starts, do not all reach a certified limit at the low budget yet.
"""

from ftproofs.catalog.transfer import boundary, divergence, finetune, readout, scratch, source

CLAIMS = (
    *scratch.CLAIMS,
    *readout.CLAIMS,
    *boundary.CLAIMS,
    *finetune.CLAIMS,
    *source.CLAIMS,
    *divergence.CLAIMS,
)
