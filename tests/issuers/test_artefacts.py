"""What paper prints is what the credential says: the last day on which it is good, above all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.acts.words import CertificateKind
from issuers.credential import first_second_after, last_day_before, parse_credential
from issuers.printing.folder import CREDENTIAL, QR
from issuers.sign.desk.artefacts import Note, card_fields
from issuers.sign.desk.issuing import issue
from tests.issuers.desks import desk_of
from tests.issuers.issuing import confirmed_class


@given(st.dates(max_value=date(9999, 12, 30), min_value=date(1970, 1, 2)))
def test_the_last_day_is_the_one_before_the_credential_ends(day: date) -> None:
    assert last_day_before(first_second_after(day)) == day
    assert last_day_before(None) is None


@pytest.mark.parametrize("day", [None, date(2028, 12, 31)])
def test_a_card_prints_the_last_day_of_its_credential(tmp_path: Path, day: date | None) -> None:
    fake = confirmed_class()
    with desk_of(fake, "signatory", tmp_path) as desk:
        report = issue(desk, fake.world.class_id, cards=False)
        folder = report.issued[0].folder
    assert folder is not None
    claims = parse_credential((folder / CREDENTIAL).read_bytes()).claims
    claims = replace(claims, expires_at=first_second_after(day))
    note = Note(
        host="https://cert.malan.example",
        kind=CertificateKind.QUALIFICATION,
        stage=1,
        course_en="",
        institution="i",
        body="b",
        responsible=("r",),
        issued_on=date(2026, 3, 13),
        demo=True,
    )
    assert card_fields(claims, note, (folder / QR).read_text().strip()).expires == day
