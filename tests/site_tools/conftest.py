"""`docs/` on the path, as when the site is built."""

import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def tools():
    folder = str(Path(__file__).parents[2] / "docs")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)
