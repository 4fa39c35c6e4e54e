"""Prepares the foreign implementations: `python -m tests.foreign.setup`. Skips what has no tool here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PYTHON = ROOT / ".venv-foreign" / "bin" / "python"
NODE_MODULES = HERE / "node_modules"
GO_READER = ROOT / ".venv-foreign" / "readlog"
NEWER_PYTHON = ROOT / ".venv-foreign-312" / "bin" / "python"
"""Of an environment with a witness, a feeder and a log reader that need Python 3.12."""


def main() -> None:
    """Python oracles always; the JavaScript and Go ones where `npm` and `go` are found."""
    if not PYTHON.exists():
        venv.create(PYTHON.parent.parent, with_pip=True)
    _install(PYTHON, "requirements.lock")
    newer = newer_python()
    if newer is None:
        sys.stderr.write("no Python 3.12: aics-witness is left out\n")
    else:
        if not NEWER_PYTHON.exists():
            subprocess.run([newer, "-m", "venv", str(NEWER_PYTHON.parent.parent)], check=True)
        _install(NEWER_PYTHON, "requirements_312.lock")
    if shutil.which("npm"):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)
    else:
        sys.stderr.write("no npm: @auth0/cose is left out\n")
    if shutil.which("go"):
        subprocess.run(["go", "build", "-o", str(GO_READER), "."], cwd=HERE / "go", check=True)
    else:
        sys.stderr.write("no go: golang.org/x/mod is left out\n")


def newer_python() -> str | None:
    """A Python of at least 3.12 that runs, from the path or from pyenv's folder; None where there is none."""
    folder = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    known = [sys.executable, *(f"python3.{minor}" for minor in (12, 13, 14))]
    known += [str(path) for path in sorted(folder.glob("3.1[2-9]*/bin/python"))]
    for one in known:
        try:
            asked = subprocess.run(
                [one, "-c", "import sys, venv; sys.exit(sys.version_info < (3, 12))"],
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if asked.returncode == 0:
            return one
    return None


def _install(python: Path, lock: str) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(HERE / lock))
    subprocess.run([str(python), "-m", "pip", "install", *quiet], check=True)


if __name__ == "__main__":
    main()
