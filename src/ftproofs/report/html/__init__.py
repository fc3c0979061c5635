"""Claims as one HTML page: pictures, stored verdicts, the mathematics as MathML; no request leaves it.

Nothing is derived, trained or decided here: formulas are printed from the expressions of
the claims, verdicts and rows are read from where a check left them.
"""

from ftproofs.report.html.page import page

__all__ = ["page"]
