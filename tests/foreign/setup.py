"""Prepares the foreign implementations: `python -m tests.foreign.setup`. Skips what has no tool here."""

from __future__ import annotations

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


def main() -> None:
    """Python oracles always; the JavaScript and Go ones where `npm` and `go` are found."""
    if not PYTHON.exists():
        venv.create(PYTHON.parent.parent, with_pip=True)
    lock = str(HERE / "requirements.lock")
    quiet = ("--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock)
    subprocess.run([str(PYTHON), "-m", "pip", "install", *quiet], check=True)
    if shutil.which("npm"):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)
    else:
        sys.stderr.write("no npm: @auth0/cose is left out\n")
    if shutil.which("go"):
        subprocess.run(["go", "build", "-o", str(GO_READER), "."], cwd=HERE / "go", check=True)
    else:
        sys.stderr.write("no go: golang.org/x/mod is left out\n")


if __name__ == "__main__":
    main()
