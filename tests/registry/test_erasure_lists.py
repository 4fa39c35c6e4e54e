"""`malan erasure`: from a document or a number to an order that names nobody, the read recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from issuers.acts.erasures import ErasureReason
from issuers.identifiers.numbers import CertificateNumber, make_number, parse_number
from issuers.sign.readable import act_body
from ledger.errors import Refused
from registry.__main__ import app
from registry.persons.erasure_lists import list_for
from registry.storage.tables import read_audit
from tests.ground import on
from tests.registry.desk import Desk
from tests.registry.erasing import approved, erased, holder_of, paid, places, result

NOBODY = "resident_id 310101199001010004"


def run(desk: Desk, lines: str, tmp_path: Path, *more: str) -> tuple[Any, Path]:
    """The command on a file of lines, and where its order goes."""
    source, out = tmp_path / "who.txt", tmp_path / "order.json"
    source.write_text(lines)
    home = ("--home", str(desk.stage.service.settings.home))
    told = ["erasure", "consent-withdrawn", "--from", str(source), "--out", str(out), *home, *more]
    return CliRunner().invoke(app, told), out


def reads(desk: Desk) -> list[Any]:
    query = sa.select(read_audit).where(read_audit.c.purpose == "erasure")
    with desk.stage.service.database.reading() as connection:
        return list(connection.execute(query))


def test_by_number_and_by_document_it_is_the_same_person(desk: Desk, tmp_path: Path) -> None:
    fields, item = desk.stage.holder(desk.certified[0]), desk.certified[0].item
    told, file = run(desk, f"{item.number}\n", tmp_path, "--json")
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    named = places(desk.stage, holder_of(desk))
    assert (document["persons"], document["entries"]) == (1, len(named))
    assert file.stat().st_mode & 0o777 == 0o600
    by_document = list_for(
        desk.stage.service, [f"{fields['id_type']} {fields['id_number']}"], ErasureReason.CONSENT_WITHDRAWN
    )
    body = act_body("erasure-order", json.loads(file.read_text()))
    assert [(one["statement"], one["place"]) for one in body["places"]] == named
    assert [(one.statement, one.place) for one in by_document.order.places] == named
    for secret in (fields["name"], fields["id_number"], item.number, item.code):
        assert secret not in told.output + file.read_text()
    stage = desk.stage
    stage.world.now = stage.hands.now_ms
    first = stage.post(stage.world.sign("erasure-order", "root-1", document["subject"], body))
    assert result(approved(stage, first))["status"] == "appended"
    assert places(stage, holder_of(desk, 1)) != []
    with pytest.raises(Refused, match="PERSON_UNKNOWN"):
        list_for(stage.service, [item.number], ErasureReason.LAW)


@on("sqlite")
def test_the_read_is_recorded_also_of_nobody(desk: Desk, tmp_path: Path) -> None:
    assert reads(desk) == []
    told, file = run(desk, f"{NOBODY}\n", tmp_path)
    assert (told.exit_code, file.exists()) == (1, False)
    assert "PERSON_UNKNOWN (line 1)" in told.output
    assert NOBODY.split()[1] not in told.output
    (row,) = reads(desk)
    assert (row.reader, row.object, row.fields) == ("operator", "erasure-order", "identity,places")


@on("sqlite")
def test_a_line_that_is_neither_is_named_by_its_place(desk: Desk, tmp_path: Path) -> None:
    number = parse_number(desk.certified[0].item.number)
    other = make_number(CertificateNumber(**{**vars_of(number), "sequence6": 999_999}))
    for lines, code in (
        (f"{desk.certified[0].item.number}\n\nresident_id 31010119900101000X\n", "ID_CHECK_DIGIT (line 2)"),
        (f"{other}\n", "PERSON_UNKNOWN (line 1)"),
        ("王小明\n", "NUMBER_FORM (line 1)"),
        ("\n", "ERASURE_FILE"),
    ):
        told, file = run(desk, lines, tmp_path)
        assert (told.exit_code != 0, file.exists()) == (True, False)
        assert code in told.output, told.output
        assert "王小明" not in told.output


def vars_of(number: CertificateNumber) -> dict[str, Any]:
    return {name: getattr(number, name) for name in number.__dataclass_fields__}


@on("sqlite")
def test_what_waits_is_told_instead_of_an_order(desk: Desk, tmp_path: Path) -> None:
    prepared = desk.prepared()
    assert desk.submit(desk.claim(prepared)).status_code == 200
    told, file = run(desk, desk.certified[0].item.number, tmp_path, "--json")
    assert (told.exit_code, file.exists()) == (1, False)
    assert json.loads(told.stdout)["waits"] == [f"claim/{prepared.claim.hex()}"]


@on("sqlite")
def test_who_got_money_is_told_to_leave_a_mark(desk: Desk, tmp_path: Path) -> None:
    one = paid(desk)
    told, _ = run(desk, desk.certified[0].item.number, tmp_path)
    assert "got a grant: a mark stays" in told.output
    erased(desk.stage, places(desk.stage, one))
    told, _ = run(desk, desk.certified[1].item.number, tmp_path)
    assert "FILE_EXISTS" in told.output, "an order is not written over"


@on("sqlite")
def test_no_number_on_the_command_line(desk: Desk) -> None:
    told = CliRunner().invoke(app, ["erasure", "law", desk.certified[0].item.number, "--out", "x"])
    assert told.exit_code == 2
