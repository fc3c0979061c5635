"""Running checks: the ledger that keeps rows, and replaying one of them."""
