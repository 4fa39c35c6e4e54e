"""The certificate on paper: one page each, nothing cut, no box, a code that is read."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from issuers.acts.words import CertificateKind
from issuers.printing.certificate_pdf import make_pdf, make_print, page_count
from issuers.printing.page import PageFields
from issuers.printing.press import SHEETS
from issuers.printing.templates import shipped
from ledger.errors import MalanError
from tests.issuers.paper import (
    HOST,
    NAMES,
    certificate,
    drawn,
    place_of,
    read_by_zbar,
    read_by_zxing,
    text_of,
)

TEMPLATE = shipped(CertificateKind.QUALIFICATION)
READERS = pytest.mark.parametrize("read", [read_by_zxing, read_by_zbar])
Read = Callable[[Image.Image], list[str]]


def made(number: int, *, english: bool = False, proof: bytes | None = b"proof") -> bytes:
    page, credential = certificate(number)
    return make_pdf(page, host=HOST, credential=credential, proof=proof, template=TEMPLATE, english=english)


def test_the_same_certificate_gives_the_same_bytes() -> None:
    assert made(1) == made(1)
    assert made(1) != made(2) != made(1, english=True) != made(1, proof=None)


def test_one_page_and_one_more_in_english() -> None:
    assert page_count(made(0)) == 1
    assert page_count(made(0, english=True)) == 2


@READERS
@pytest.mark.parametrize("number", range(4))
def test_the_code_is_read_from_the_page_at_150_dpi(number: int, read: Read, tmp_path: Path) -> None:
    pdf = made(number, english=True)
    for page in (1, 2):
        assert read(drawn(pdf, tmp_path, dpi=150, page=page)) == [text_of(certificate(number)[1])]


def test_every_module_is_as_wide_as_the_next_at_150_dpi(tmp_path: Path) -> None:
    image = drawn(made(1), tmp_path, dpi=150)
    left, top, side = place_of(image)
    crop = image.crop((left, top, left + side, top + side))
    assert set(crop.point(lambda grey: grey // 32).tobytes()) == {0, 7}, "modules lie between two pixels"
    # The same code a third of a pixel aside would.
    shifted = drawn(made(1), tmp_path, dpi=170)
    left, top, side = place_of(shifted)
    crop = shifted.crop((left, top, left + side, top + side))
    assert len(set(crop.point(lambda grey: grey // 32).tobytes())) > 2


def test_a_page_says_what_its_credential_says_or_is_not_made() -> None:
    page, credential = certificate(1)
    for field, value in (("name", "王小芬"), ("hours", 41), ("project_zh", "改善你的企业")):
        other = dataclasses.replace(page, card=dataclasses.replace(page.card, **{field: value}))
        with pytest.raises(MalanError) as caught:
            make_pdf(other, host=HOST, credential=credential, proof=None, template=TEMPLATE)
        assert caught.value.code == "PAGE_OTHER"
        assert str(value) not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"last_four": "12"}, "PAGE_FIELD"),
        (
            {"trained": (date(2026, 3, 2), date(2026, 3, 1))},
            "PAGE_FIELD",
        ),
        ({"remark": "\U000e1000"}, "GLYPH_MISSING"),
    ],
)
def test_fields_of_a_wrong_form_are_refused(change: dict[str, object], code: str) -> None:
    page, credential = certificate(1)
    with pytest.raises(MalanError) as caught:
        make_pdf(
            dataclasses.replace(page, **change),  # type: ignore[arg-type]  # the field's own type
            host=HOST,
            credential=credential,
            proof=None,
            template=TEMPLATE,
        )
    assert caught.value.code == code


def test_a_text_that_does_not_fit_stops_the_page_and_is_named_without_its_content() -> None:
    page, credential = certificate(1)
    for field, value in (("body", "上海" * 100), ("responsible", ("阿卜杜热依木江阿洪" * 5,) * 8)):
        long = dataclasses.replace(page, card=dataclasses.replace(page.card, **{field: value}))
        with pytest.raises(MalanError) as caught:
            make_pdf(long, host=HOST, credential=credential, proof=None, template=TEMPLATE)
        assert (caught.value.code, caught.value.where) == ("PAGE_TEXT_TOO_LONG", field)
        assert "上海" not in str(caught.value) and "阿卜杜" not in str(caught.value)


LONGEST = {
    "name": "龘" * 50,
    "project_zh": "经" * 60,
    "project_en": "Operating and managing a young enterprise " * 3,
    "body": "评" * 120,
    "institution": "校" * 120,
    "responsible": tuple(f"责任人{number}" for number in range(8)),
}


@pytest.mark.parametrize("fields", [(name,) for name in LONGEST] + [tuple(LONGEST)])
def test_the_longest_that_acts_allow_fits_whole_on_both_pages(fields: tuple[str, ...]) -> None:
    page, credential = certificate(7)
    longest = {name: LONGEST[name] for name in fields}
    page = dataclasses.replace(
        page,
        card=dataclasses.replace(page.card, **longest),  # type: ignore[arg-type]  # each field's own type
        last_four="002X",
        trained=(date(2025, 12, 26), date(2025, 12, 31)),
        remark="补发",
        serial="SH00000001",
    )
    pdf = make_print([(page, text_of(credential))], template=TEMPLATE, english=True, at=0)
    assert page_count(pdf) == 2


def test_what_is_printed_is_text_and_never_markup() -> None:
    page, credential = certificate(1)
    for body in (
        '#panic("x")',
        "*#sys.inputs* \\ $x^2$ `code`",
        '"]) #read("/etc/passwd")',
        "= 标题 // 注释",
    ):
        other = dataclasses.replace(page, card=dataclasses.replace(page.card, body=body))
        assert (
            page_count(make_pdf(other, host=HOST, credential=credential, proof=None, template=TEMPLATE)) == 1
        )


def sheets(count: int) -> list[tuple[PageFields, str]]:
    pages = []
    for number in range(count):
        page, credential = certificate(number)
        pages.append((dataclasses.replace(page, serial=f"SH{number:08d}"), text_of(credential)))
    return pages


def test_a_print_has_a_sheet_for_each_in_their_order(tmp_path: Path) -> None:
    pages = sheets(len(NAMES))
    pdf = make_print(pages, template=TEMPLATE, at=1_773_000_000)
    assert pdf == make_print(pages, template=TEMPLATE, at=1_773_000_000)
    assert page_count(pdf) == len(pages)
    for number, (_, text) in enumerate(pages, start=1):
        assert read_by_zxing(drawn(pdf, tmp_path, dpi=150, page=number)) == [text]


def test_a_print_without_serials_or_of_nothing_is_refused() -> None:
    page, credential = certificate(1)
    for pages, code in (([], "PRINT_SIZE"), ([(page, text_of(credential))], "PAGE_SERIAL")):
        with pytest.raises(MalanError) as caught:
            make_print(pages, template=TEMPLATE, at=0)
        assert caught.value.code == code


def test_a_frozen_sheet_is_not_edited() -> None:
    """What a template printed it prints again; another drawing is another sheet."""
    text = (SHEETS / "sheet-1.typ").read_bytes()
    assert (
        hashlib.sha256(text).hexdigest() == "d8311cea6af9eb3088e2d2dbc3a320158aa6d93c0b7a6fba24c6d08030c7e0a0"
    )
