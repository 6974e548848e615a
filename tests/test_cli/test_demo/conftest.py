"""Fixtures of this folder."""

from tests.test_apis.networks import image, inferencer  # noqa: F401
