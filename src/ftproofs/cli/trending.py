"""``trends``: the trends that the catalog has on digits, looked for on images of the user's own."""

from __future__ import annotations

from dataclasses import replace

from ftproofs.claim import Claim
from ftproofs.cli.checking import run_checks
from ftproofs.cli.settings import CheckOptions
from ftproofs.verdict import exit_status

ON_DIGITS, ON_IMAGES = "trends.digits", "trends.images"


def trends(path: str, options: CheckOptions) -> int:
    """Load the images and check each trend on them; what is expected on digits is expected of no other images.

    Raises:
        UsageError: FT314 images that cannot be read.
    """
    from ftproofs.numeric.trends import cifar, images

    key = images.register(*cifar.load(path))
    checked = run_checks(on_images(key), options, catalog=False)
    return exit_status([verdict for _, verdict in checked])


def on_images(key: int) -> list[Claim]:
    """The trends on digits as claims about the images of that number."""
    from ftproofs.catalog import families

    return [
        replace(
            claim,
            id=claim.id.replace("digits", "images", 1),
            title=claim.title.replace("On digits", "On these images", 1),
            experiment=ON_IMAGES,
            domain=claim.domain.with_ranges(data_key=key),
            variants=(),
            uses=(),
            expected=None,
            corrected=None,
        )
        for claim in families()["trends"]
        if claim.experiment == ON_DIGITS and claim.expected is None
    ]
