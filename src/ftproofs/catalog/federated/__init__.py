"""Federated averaging on linear models, and the personalisation of a client from its model (handbook part C)."""

from ftproofs.catalog.federated.average import ONE_STEP
from ftproofs.catalog.federated.pooled import MEMBER, POOLED
from ftproofs.catalog.federated.risk import BEST_RIDGE, FTFA_LIMIT, FTFA_MEAN, NEVER_WORSE, RTFA_LIMIT

CLAIMS = (ONE_STEP, FTFA_MEAN, FTFA_LIMIT, RTFA_LIMIT, BEST_RIDGE, NEVER_WORSE, POOLED, MEMBER)
