"""Door: `malan demo`: a working world to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry import logs
from registry.commands.reporting import FOUND, JsonOption, reporting
from registry.demo.build import DEFAULT_URL, Demo, Say, build, document, is_sound
from registry.demo.tour import tour

DEMO_HOME = Path("malan-home/demo")

DemoHome = Annotated[Path, typer.Option("--home", help="An empty or absent folder for the world.")]
Trainees = Annotated[int, typer.Option(help="How many people the class has.", min=4, max=160)]
PublicUrl = Annotated[
    str, typer.Option("--public-url", help="Origin in the QR codes: https://host, or http://address:port.")
]


def demo(
    home: DemoHome = DEMO_HOME,
    trainees: Trainees = 30,
    public_url: PublicUrl = DEFAULT_URL,
    as_json: JsonOption = False,
) -> None:
    """Build a working world through the same paths as production, verify and audit it, print a tour."""
    with reporting("demo", as_json=as_json) as out:
        made = build_quietly(home, trainees=trainees, public_url=public_url, say=out.say)
        out.result(tour(made), document(made), ok=is_sound(made))
        if not is_sound(made):
            raise typer.Exit(FOUND)


def build_quietly(home: Path, *, trainees: int, public_url: str, say: Say) -> Demo:
    """The world, without the service's log lines of every request between."""
    with logs.quiet():
        return build(home, trainees=trainees, public_url=public_url, say=say)
