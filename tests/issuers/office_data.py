"""The sample files that lie beside the project, for tests that read them; absent ones skip the test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def office_file(name: str) -> bytes:
    """The bytes of a file of `data/` in the shared directory (MALAN_SHARED, or beside the repository)."""
    beside = Path(__file__).parents[3] / "shared"
    path = Path(os.environ.get("MALAN_SHARED", beside)) / "data" / name
    if not path.is_file():
        pytest.skip(f"the shared sample {name} is not here")
    return path.read_bytes()
