"""Random numbers of pairs: a setting's own, but for the parameters that a pair differs in."""

from __future__ import annotations

import numpy as np

from ftproofs.names import experiment
from ftproofs.numeric.seeds import Stream, generator
from ftproofs.settings import Setting


def paired(setting: Setting) -> Setting:
    """The setting without its experiment's ``paired`` parameters: the same for both networks of a pair."""
    names = experiment(setting.experiment).paired
    values = tuple((name, value) for name, value in setting.values if name not in names)
    return Setting(setting.experiment, values, setting.root, setting.stage, setting.index)


def pair_generator(setting: Setting, stream: Stream = "data") -> np.random.Generator:
    """A generator that both networks of a pair have."""
    return generator(paired(setting), stream)
