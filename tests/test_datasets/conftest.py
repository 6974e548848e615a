"""Fixtures of this folder."""

from tests.test_datasets.annotations import write  # noqa: F401
from tests.test_datasets.sources import make  # noqa: F401
