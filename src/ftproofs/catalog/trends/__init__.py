"""Directions found in networks beyond the linear theory: trends in pairs, with controlled error and no derivation."""

from ftproofs.catalog.trends.clusters import CLUSTERS
from ftproofs.catalog.trends.digits import LARGE, MOVEMENT, SMALL, SMALLER_IS_BETTER
from ftproofs.catalog.trends.modular import MODULAR
from ftproofs.catalog.trends.teachers import PLATEAU, SCRATCH

CLAIMS = (MOVEMENT, LARGE, SMALL, SMALLER_IS_BETTER, PLATEAU, SCRATCH, CLUSTERS, MODULAR)
