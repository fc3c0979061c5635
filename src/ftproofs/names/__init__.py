"""What can be said: parameters, measurements and the experiments that offer them.

Plain data, without SymPy and torch.  A *parameter* is chosen before training, a
*measurement* is read after it.  The mathematics is fixed by the conventions of
the handbook: ``risk`` is the excess population risk (test labels without noise),
a squared Sigma-norm that is never halved; the training loss is
``||X theta - y||^2 / (2 n)``; ``P`` projects onto the row space of the design X
and ``P_perp = I - P`` onto its complement; ``X^+`` is the Moore-Penrose inverse.
"""

from ftproofs.names.experiments import EXPERIMENTS
from ftproofs.names.kinds import INFINITE, REQUIRED, Experiment, Kind, Measurement, Parameter, Sign, Value
from ftproofs.names.measurements import MEASUREMENTS
from ftproofs.names.parameters import INPUTS, OPTIMIZERS, PARAMETERS, SPECTRA
from ftproofs.names.tails import HEAVY_TAILED, degrees, infinite_variance
from ftproofs.names.values import check_value, complete, experiment, scale_names, source_samples

__all__ = [
    "EXPERIMENTS",
    "HEAVY_TAILED",
    "INFINITE",
    "INPUTS",
    "MEASUREMENTS",
    "OPTIMIZERS",
    "PARAMETERS",
    "REQUIRED",
    "SPECTRA",
    "Experiment",
    "Kind",
    "Measurement",
    "Parameter",
    "Sign",
    "Value",
    "check_value",
    "complete",
    "degrees",
    "experiment",
    "infinite_variance",
    "scale_names",
    "source_samples",
]
