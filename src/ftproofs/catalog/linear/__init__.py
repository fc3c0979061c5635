"""Linear regression from source weights: where it ends, when it converges, what it costs.

Handbook A1-A5.
"""

from ftproofs.catalog.linear.bounds import CENTRED, GAUSSIAN, LOCALISED, SPLIT, TRACE, VARIANCE
from ftproofs.catalog.linear.endpoint import ENDPOINT, OPTIMIZERS, SCRATCH
from ftproofs.catalog.linear.mean import (
    BIAS_MEAN,
    BIAS_SECOND_MOMENT,
    MEAN_RISK,
    NOISE_INFINITE,
    NOISE_MEAN,
)
from ftproofs.catalog.linear.resolution import (
    RESOLUTION_BIAS,
    RESOLUTION_NOISE_NORM,
    RESOLUTION_OVERLAP,
    RESOLUTION_VARIANCE,
)
from ftproofs.catalog.linear.risk import RISK, RISK_ISOTROPIC, RISK_OVER_NOISE
from ftproofs.catalog.linear.stability import (
    EARLY_STOPPING,
    EARLY_STOPPING_FLOW,
    SPAN,
    STEP_NECESSARY,
    STEP_SUFFICIENT,
)

CLAIMS = (
    ENDPOINT,
    SCRATCH,
    OPTIMIZERS,
    SPAN,
    STEP_SUFFICIENT,
    STEP_NECESSARY,
    EARLY_STOPPING,
    EARLY_STOPPING_FLOW,
    RISK,
    RISK_ISOTROPIC,
    RISK_OVER_NOISE,
    MEAN_RISK,
    BIAS_MEAN,
    BIAS_SECOND_MOMENT,
    NOISE_MEAN,
    NOISE_INFINITE,
    RESOLUTION_OVERLAP,
    RESOLUTION_BIAS,
    RESOLUTION_VARIANCE,
    RESOLUTION_NOISE_NORM,
    SPLIT,
    GAUSSIAN,
    TRACE,
    LOCALISED,
    VARIANCE,
    CENTRED,
)
