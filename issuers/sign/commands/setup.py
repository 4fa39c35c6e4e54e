"""Door: commands before the first act: keygen, enrol, staff, genesis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from issuers.authority.case import shanghai_date
from issuers.files import create_file, private_directory, replace_file
from issuers.sign.commands.options import HOME, HomePath, Json, KeyName, Yes
from issuers.sign.commands.out import reporting
from issuers.sign.commands.session import (
    fresh,
    now_ms,
    open_desk,
    open_home,
    open_speaker,
    passphrase,
    read_id,
    read_input,
)
from issuers.sign.desk.parties import (
    approve_genesis,
    draft_genesis,
    genesis_file,
    read_genesis_file,
    staff_id,
)
from issuers.sign.desk.parties import (
    enrol as sign_enrolment,
)
from issuers.sign.home import merged
from issuers.sign.keyring import create_key_file, seal_key
from issuers.sign.readable import readable
from ledger.errors import Malformed
from ledger.keys import ES256, from_seed
from ledger.statement import parse_statement

genesis_app = typer.Typer(
    help="The first act of a log: made from three enrolments, approved by a second key."
)


def keygen(
    name: Annotated[str, typer.Argument(help="A name for the key file: lower-case words.")] = "signer",
    server: Annotated[str | None, typer.Option(help="Address of the service, kept in config.json.")] = None,
    party: Annotated[str | None, typer.Option(help="The party this home speaks for.")] = None,
    origin: Annotated[str | None, typer.Option(help="Origin of the log.")] = None,
    genesis: Annotated[
        str | None, typer.Option(help="Hash of the genesis, as the city published it.")
    ] = None,
    responsible: Annotated[
        list[str] | None, typer.Option(help="Who answers for results, as cards print it; may be repeated.")
    ] = None,
    home: HomePath = HOME,
    as_json: Json = False,
) -> None:
    """Makes a key, sealed with a passphrase, and keeps what is said of server, party and log."""
    with reporting("keygen", as_json=as_json) as out:
        folder, config = open_home(home)
        told = {"server": server, "party": party, "origin": origin, "genesis": genesis, "key": name}
        given = {member: value for member, value in told.items() if value is not None}
        if responsible:
            given["responsible"] = responsible  # type: ignore[assignment]  # a list of text, as JSON has it
        config = merged(config, given)
        path = folder.key_file(name)
        if path.exists():
            raise Malformed(
                "FILE_EXISTS", "there is a key of this name", where=path.name, fix="Choose another."
            )
        secret = passphrase("A passphrase for the new key: ", new=True)
        signer = from_seed(ES256, fresh(48))
        data = seal_key(signer, secret, salt=fresh(16), nonce=fresh(12))
        private_directory(path.parent)
        create_key_file(path, data)
        folder.write_config(config)
        kid = signer.public.kid.hex()
        text = f"Key {kid} is in {path}.\nKeep a copy of the file and the passphrase apart from this machine."
        out.result(text, {"kid": kid, "file": str(path), "spki": signer.public.spki.hex()})


def enrol(
    staff: Annotated[str, typer.Argument(help="Your staff id, 32 hex digits, from your party's admin.")],
    file: Annotated[Path | None, typer.Option("--out", help="Where to write the enrolment.")] = None,
    home: HomePath = HOME,
    key: KeyName = None,
    as_json: Json = False,
) -> None:
    """Proves possession of the key, for your party's admin to enrol it within 30 days."""
    with reporting("enrol", as_json=as_json) as out:
        person = read_id(staff, where="staff")
        folder, speaker = open_speaker(home, key)
        raw = sign_enrolment(speaker, person, now_ms=now_ms(), fresh=fresh(10))
        kid = speaker.signer.public.kid.hex()
        path = file or private_directory(folder.path / "enrolments") / f"{kid}.cose"
        replace_file(path, raw, mode=0o644)
        text = f"Enrolment of key {kid} is in {path}: give it to your party's admin."
        out.result(text, {"kid": kid, "file": str(path), "enrolment": raw.hex(), "staff": person.hex()})


def staff(
    file: Annotated[Path, typer.Argument(help="JSON with id_type, id_number and name; - is stdin.")],
    home: HomePath = HOME,
    key: KeyName = None,
    as_json: Json = False,
) -> None:
    """Asks for the staff id of a person: one random id for each natural person, for an admin to appoint."""
    with reporting("staff", as_json=as_json) as out, open_desk(out, home, key) as desk:
        person = staff_id(desk, read_input(file), today=shanghai_date(desk.clock()))
        out.result(f"Staff id: {person.hex()}", {"staff": person.hex()})


@genesis_app.command("make")
def genesis_make(
    enrolments: Annotated[list[Path], typer.Argument(help="Three enrolment files, yours among them.")],
    city: Annotated[str, typer.Option(help="Name of the city centre in Chinese.")],
    city_en: Annotated[str, typer.Option("--city-en", help="Its name in English.")],
    file: Annotated[Path, typer.Option("--out", help="Where to write the genesis.")] = Path("genesis.json"),
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Signs the genesis with one of its three keys; another holder approves it."""
    with reporting("genesis make", as_json=as_json) as out:
        _, speaker = open_speaker(home, key)
        raws = [read_input(path) for path in enrolments]
        raw = draft_genesis(speaker, raws, city=city, city_en=city_en, now_ms=now_ms(), fresh=fresh(10))
        statement = parse_statement(raw)
        out.show("You sign:", readable(statement))
        out.ask("Sign this genesis?", yes=yes)
        create_file(file, genesis_file([raw]), mode=0o644)
        text = f"Genesis {statement.hash.hex()} is in {file}.\n"
        text += f"A second holder runs: malan-sign genesis approve {file}"
        out.result(text, {"genesis": statement.hash.hex(), "file": str(file)})


@genesis_app.command("approve")
def genesis_approve(
    file: Annotated[Path, typer.Argument(help="The genesis file; the approval is added to it.")],
    home: HomePath = HOME,
    key: KeyName = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Approves a genesis with another of its three keys."""
    with reporting("genesis approve", as_json=as_json) as out:
        _, speaker = open_speaker(home, key)
        raw = read_genesis_file(read_input(file))[0]
        approval = approve_genesis(speaker, raw, now_ms=now_ms(), fresh=fresh(10))
        statement = parse_statement(raw)
        out.show("You approve:", readable(statement))
        out.ask("Approve this genesis?", yes=yes)
        replace_file(file, genesis_file([raw, approval]), mode=0o644)
        text = f"Approved. Publish this hash: {statement.hash.hex()}\n"
        text += f"The operator runs: malan init --genesis {file}"
        out.result(text, {"genesis": statement.hash.hex(), "file": str(file)})
