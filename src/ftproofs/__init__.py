"""ftproofs checks theorems about fine-tuning.

``check``, ``claims`` and the rest are loaded when first used: importing this
package imports neither SymPy nor torch.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ftproofs.check import check as check
    from ftproofs.check.strategies import strategies as strategies
    from ftproofs.claim import Claim
    from ftproofs.errors import FTError as FTError
    from ftproofs.run.replay import replay as replay
    from ftproofs.symbolic.regimes import regime as regime
    from ftproofs.verdict import Verdict as Verdict

    claims: Mapping[str, Claim]

#: Where each public name lives.
_HOMES = {
    "check": "ftproofs.check",
    "regime": "ftproofs.symbolic.regimes",
    "replay": "ftproofs.run.replay",
    "strategies": "ftproofs.check.strategies",
    "Verdict": "ftproofs.verdict",
    "FTError": "ftproofs.errors",
}

__all__ = ["FTError", "Verdict", "__version__", "check", "claims", "regime", "replay", "strategies"]


class _Package(ModuleType):
    """``ftproofs.check`` is the function, also once the module of that name has been imported.

    Importing a submodule binds it in its package; that would hide the function.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _HOMES and isinstance(value, ModuleType):
            return
        super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name == "claims" or name in _HOMES:
        import_module("ftproofs.report.notebook")  # how they show themselves in a notebook
    if name == "claims":
        return import_module("ftproofs.catalog").claims()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'ftproofs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Package
