"""Directions found in networks beyond the linear theory: trends in pairs, with controlled error and no derivation."""

from ftproofs.catalog.trends.digits import LARGE, MOVEMENT, SMALL, SMALLER_IS_BETTER

CLAIMS = (MOVEMENT, LARGE, SMALL, SMALLER_IS_BETTER)
