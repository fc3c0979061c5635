"""Claims as a LaTeX document: theorems, derivations, stored verdicts, a bibliography.

Nothing is derived or measured here: formulas are printed from the expressions of the
claims, verdicts are read from where a check left them.
"""

from ftproofs.report.latex.document import document

__all__ = ["document"]
