"""A world whose statements nobody has sent yet, for writers that are traced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.world import ready
from tests.crash import strace


@dataclass(frozen=True)
class Sent:
    """A home to copy, which nothing has open, and statements for it."""

    home: Path
    lines: list[str]


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    if not strace.available():
        assert os.environ.get("MALAN_CI") != "1", "strace is missing: .ci/run installs it"
        pytest.skip("no strace here, or no right to trace")
    home = tmp_path_factory.mktemp("crash") / "home"
    with ready(home, statements=12) as made:
        lines = [str(one["statement"]) for one in made.statements]
    yield Sent(home, lines)
