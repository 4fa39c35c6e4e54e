"""Door: the options several commands share, each said once; some name files and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from issuers.sign.home import DEFAULT_HOME

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; messages go to stderr.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Sign without asking; rows with errors are left out.")]
HomePath = Annotated[
    Path, typer.Option("--home", envvar="MALAN_HOME", help="The folder of this party's program.")
]
KeyName = Annotated[
    str | None,
    typer.Option("--key", envvar="MALAN_KEY", help="The key to sign with, where there are several."),
]
Reason = Annotated[
    str, typer.Option("--reason", help="Why: lower-case words joined by hyphens, as in data-error.")
]
ClassId = Annotated[str, typer.Argument(metavar="CLASS", help="The id of the class, 32 hex digits.")]
ClassOption = Annotated[
    str, typer.Option("--class", metavar="CLASS", help="The id of the class, 32 hex digits.")
]
Pdf = Annotated[
    bool, typer.Option("--pdf", help="Make certificate.pdf too, sealed, with credential and proof in it.")
]
English = Annotated[bool, typer.Option("--english", help="With --pdf: a second page in English.")]
Wait = Annotated[
    int, typer.Option(min=0, max=3_600, help="Seconds to wait for the log to publish the proof.")
]

HOME = Path(DEFAULT_HOME)
