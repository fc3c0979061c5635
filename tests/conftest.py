"""One way to run every test: seeded, single-threaded, without a database of examples."""

from __future__ import annotations

import os
import sys
import tempfile

from hypothesis import HealthCheck, settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
#: A cache of derivations of this run's own: nothing an earlier run left may pass a test.
os.environ["FTPROOFS_CACHE"] = tempfile.mkdtemp(prefix="ftproofs-derivations-")

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")


def pytest_runtest_setup() -> None:
    """Torch works on one thread, if a test loads it at all."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
