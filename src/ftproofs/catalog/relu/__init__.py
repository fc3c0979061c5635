"""Shallow ReLU networks whose first layer is fine-tuned, wide or infinitely wide (handbook A10)."""

from ftproofs.catalog.relu.bounds import COMPLEXITY, GENERALIZATION
from ftproofs.catalog.relu.wide import KERNEL, MOVEMENT, RATE

CLAIMS = (KERNEL, COMPLEXITY, RATE, MOVEMENT, GENERALIZATION)
