"""Door: `malan-verify show`: prints a signed thing as readable JSON; says that nothing in it was verified."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from issuers.files import read_file
from verify.commands.options import print_json
from verify.showing import BYTES_MAX, describe

File = Annotated[
    Path, typer.Argument(help="Statement, leaf, credential, proof, checkpoint, bundle, list or entries tile")
]
AsJson = Annotated[bool, typer.Option("--json", help="On one line")]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("show")(show)


def show(file: File, as_json: AsJson = False) -> None:
    """What stands in a file, as JSON. Nothing is verified. 显示文件内容，不作核验。"""
    document = describe(read_file(file, bytes_max=BYTES_MAX))
    sys.stderr.write("未核验，仅显示内容。Nothing here was verified; this only shows what the bytes say.\n")
    print_json({"verified": False, **document}, indent=None if as_json else 2)
