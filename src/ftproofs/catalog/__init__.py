"""The catalog: theorems as data, one module or package per family.

A family is a module of this package (or of an installed distribution's entry
point in the group ``ftproofs.catalog``) that binds ``CLAIMS``, a tuple of
`ftproofs.claim.Claim`.  Nothing else has to be edited to add one.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from ftproofs.claim import Claim
from ftproofs.errors import unknown


@cache
def families() -> Mapping[str, tuple[Claim, ...]]:
    """The claims by family; a family's name is its module's, with hyphens."""
    found: dict[str, tuple[Claim, ...]] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda info: (info.name != "linear", info.name)):
        found[module.name.replace("_", "-")] = import_module(f"{__name__}.{module.name}").CLAIMS
    for point in entry_points(group="ftproofs.catalog"):
        found[point.name] = point.load().CLAIMS
    return MappingProxyType(found)


@cache
def claims(*, variants: bool = False) -> Mapping[str, Claim]:
    """All claims by id; with ``variants`` their false variants as well."""
    found: dict[str, Claim] = {}
    for family in families().values():
        for claim in family:
            for item in (claim, *(claim.false_variants() if variants else ())):
                if item.id in found:
                    raise ValueError(f"two claims have the id {item.id!r}")
                found[item.id] = item
    return MappingProxyType(found)


def find(*names: str) -> tuple[Claim, ...]:
    """The claims with these ids or in these families, all of them when none is named.

    Raises:
        UsageError: FT301, listing the nearest claims and families.
    """
    if not names:
        return tuple(claims().values())
    everything = claims(variants=True)
    chosen: dict[str, Claim] = {}
    for name in names:
        if name in families():
            chosen |= {claim.id: claim for claim in families()[name]}
        elif name in everything:
            chosen[name] = everything[name]
        else:
            raise unknown("claim or family", name, [*claims(), *families()], code="FT301")
    return tuple(chosen.values())
