"""Claims of the catalog that are measured only, as yet: no derivation is given, and none may get lost unnoticed."""

UNDERIVED = frozenset(
    {"federated-member-mean", "relu-width-rate", "relu-movement-rate"},
)
