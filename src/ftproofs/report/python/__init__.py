"""A claim's formulas as a Python module that needs NumPy and nothing else."""

from ftproofs.report.python.agreement import Agreement, agreement, exported, points
from ftproofs.report.python.module import Formula, formulas, module

__all__ = ["Agreement", "Formula", "agreement", "exported", "formulas", "module", "points"]
