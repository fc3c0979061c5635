"""Deep linear networks fine-tuned from source weights: path, rate and endpoint; balance lost, layers frozen.

Handbook A6-A9.
"""

from ftproofs.catalog.deep_linear.endpoint import CONVERGENCE, ENDPOINT, INFINITE_DEPTH
from ftproofs.catalog.deep_linear.frozen import ATTAINED, ATTAINED_DEEPER, FROZEN, ISOTROPIC
from ftproofs.catalog.deep_linear.proportional import (
    DEPTH_CORRECTION,
    PROPORTIONAL_ANISOTROPIC,
    PROPORTIONAL_INFINITE_DEPTH,
    PROPORTIONAL_INFINITE_RISK,
    PROPORTIONAL_RISK,
)
from ftproofs.catalog.deep_linear.trajectory import FIRST_LAYER, NORM_FLOOR, PATH, RATE
from ftproofs.catalog.deep_linear.unbalanced import UNBALANCED

CLAIMS = (
    PATH,
    NORM_FLOOR,
    RATE,
    CONVERGENCE,
    ENDPOINT,
    INFINITE_DEPTH,
    FIRST_LAYER,
    UNBALANCED,
    FROZEN,
    ATTAINED,
    ISOTROPIC,
    ATTAINED_DEEPER,
    PROPORTIONAL_RISK,
    PROPORTIONAL_ANISOTROPIC,
    PROPORTIONAL_INFINITE_DEPTH,
    PROPORTIONAL_INFINITE_RISK,
    DEPTH_CORRECTION,
)
