"""Deep linear networks fine-tuned from balanced source weights: path, rate and endpoint.

Handbook A6.
"""

from ftproofs.catalog.deep_linear.endpoint import CONVERGENCE, ENDPOINT, INFINITE_DEPTH
from ftproofs.catalog.deep_linear.trajectory import FIRST_LAYER, NORM_FLOOR, PATH, RATE

CLAIMS = (PATH, NORM_FLOOR, RATE, CONVERGENCE, ENDPOINT, INFINITE_DEPTH, FIRST_LAYER)
