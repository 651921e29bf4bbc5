"""How new files are made while these tests run."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """New files have the modes that they have for most people."""
    before = os.umask(0o022)
    yield
    os.umask(before)
