"""Claim files: TOML that a stranger may have written, read into claims."""

from ftproofs.claimfile.document import Document, load, parse
from ftproofs.claimfile.reading import read

__all__ = ["Document", "load", "parse", "read"]
