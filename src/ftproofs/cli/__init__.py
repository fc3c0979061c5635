"""The command line.  Importing this imports neither SymPy nor torch."""

from ftproofs.cli.entry import main

__all__ = ["main"]
