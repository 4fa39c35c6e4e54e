"""Door: `malan init` and `malan migrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from issuers.files import read_file
from issuers.sign.desk.parties import read_genesis_file
from ledger import cbor
from ledger.errors import Malformed, Refused
from registry.commands.reporting import HomeOption, JsonOption, reporting, settings_for
from registry.initialise import Initialised, initialise
from registry.migrations import newest
from registry.secrets import ESCROW, PURPOSES
from registry.storage.upgrading import upgrade

GENESIS_BYTES_MAX = 2**18


def init(
    genesis: Annotated[Path, typer.Option(help="The file of `malan-sign genesis`, approved (JSON or CBOR).")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a registry: secrets, database, genesis, first checkpoint. Refuses an existing one."""
    with reporting("init", as_json=as_json) as out:
        settings = settings_for(home)
        _need_no_store(settings.home)
        made = initialise(settings, read_genesis(read_file(genesis, bytes_max=GENESIS_BYTES_MAX)))
        made.service.close()
        out.result(_text(made), _document(made))


def migrate_command(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Bring the database to the schema of this program, wholly or not at all."""
    with reporting("migrate", as_json=as_json) as out:
        settings = settings_for(home)
        if not settings.database and not (settings.home / "malan.db").exists():
            raise Refused("HOME_MISSING", "there is no registry here", fix="Run `malan init`.")
        before = upgrade(settings)
        text = f"schema {newest()}" + (" already" if before == newest() else f", was {before}")
        out.result(text, {"before": before, "schema": newest()})


def read_genesis(data: bytes) -> list[bytes]:
    """The statements of a genesis file: the JSON of `malan-sign genesis`, or a CBOR array of the two.

    Raises Malformed GENESIS_FILE.
    """
    if data[:1] == b"{":
        return read_genesis_file(data)
    match cbor.decode(data, bytes_max=GENESIS_BYTES_MAX):
        case [bytes(first), bytes(second)]:
            return [first, second]
    raise Malformed("GENESIS_FILE", "not a genesis file: JSON of `malan-sign genesis` or a CBOR array of two")


def _need_no_store(home: Path) -> None:
    if (home / "log" / "checkpoint").exists():
        raise Refused("STORE_EXISTS", "there is a registry here already", fix="Choose another MALAN_HOME.")


def _document(made: Initialised) -> dict[str, Any]:
    settings = made.service.settings
    return {
        "home": str(settings.home),
        "origin": made.service.origin,
        "secrets": [
            {
                "purpose": purpose,
                "file": str(settings.secret_file(purpose)),
                "holds": ESCROW[purpose].holds,
                "loss": ESCROW[purpose].loss,
                "theft": ESCROW[purpose].theft,
                "keep": ESCROW[purpose].keep,
            }
            for purpose in PURPOSES
        ],
        "enrolments": {
            purpose.value: {
                "file": str(settings.home / "enrolments" / f"{purpose.value}.cose"),
                "enrolment": raw.hex(),
            }
            for purpose, raw in made.enrolments.items()
        },
    }


def _text(made: Initialised) -> str:
    settings = made.service.settings
    lines = [f"A registry for {made.service.origin} stands in {settings.home}.", "", "Secrets:"]
    for purpose in PURPOSES:
        escrow = ESCROW[purpose]
        lines += [
            f"  {settings.secret_file(purpose)}",
            f"    holds: {escrow.holds}",
            f"    loss:  {escrow.loss}",
            f"    theft: {escrow.theft}",
            f"    keep:  {escrow.keep}",
        ]
    lines += ["", "The city enrols the service's keys within 30 days (act service-key, two officers):"]
    lines += [f"  {settings.home / 'enrolments' / f'{one.value}.cose'}" for one in made.enrolments]
    return "\n".join(lines)
