"""Templates: the shipped ones pass; one that would print a certificate badly is refused, and why."""

from __future__ import annotations

import pytest

from issuers.acts.words import CertificateKind
from issuers.printing.templates import check_template, shipped, template_hash
from ledger.errors import MalanError

SHIPPED = shipped(CertificateKind.QUALIFICATION).text.decode()


@pytest.mark.parametrize("kind", CertificateKind)
def test_the_shipped_templates_pass(kind: CertificateKind) -> None:
    template = shipped(kind)
    assert check_template(template.text, kind) == template
    assert template.hash == template_hash(template.text)


def test_words_colours_and_rows_may_be_adjusted() -> None:
    text = SHIPPED.replace("创业培训合格证书", "上海市创业培训合格证书").replace("特发此证", "准予发证")
    text = text.replace('((field: "remark", zh: "备注", en: "Remark"),),', "")
    text = text.replace('"/sheet-1.typ": certificate', '"/sheet-1.typ": certificate, look')
    text = text.replace("#certificate(", '#certificate(\n  look: look + (accent: rgb("#1a3a6b")),')
    assert check_template(text.encode(), CertificateKind.QUALIFICATION).hash != template_hash(
        SHIPPED.encode()
    )


CALL = "#certificate("
NAME_ROW = '((field: "name", zh: "姓名", en: "Name", large: true),),'
NUMBER_ROW = '((field: "number", zh: "证书编号", en: "Certificate No."),),'


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (NAME_ROW, "", "TEMPLATE_FIELD"),
        (NUMBER_ROW, "", "TEMPLATE_FIELD"),
        (CALL, f"#pagebreak()\n{CALL}", "TEMPLATE_PAGES"),
        (CALL, "#certificat(", "TEMPLATE_BAD"),
        (CALL, f"#panic(sys.inputs.data)\n{CALL}", "TEMPLATE_BAD"),
        (CALL, f'#import "@preview/tiaoma:0.3.0": *\n{CALL}', "TEMPLATE_REACHES"),
        (CALL, f'#import "/completion.typ": *\n{CALL}', "TEMPLATE_REACHES"),
        (CALL, f'#let x = read("/sheet-1.typ")\n{CALL}', "TEMPLATE_REACHES"),
        (CALL, f"#datetime.today()\n{CALL}", "TEMPLATE_REACHES"),
        ("特发此证", "特发此证\U000e1000", "GLYPH_MISSING"),
        ("特发此证。", "特发此证。" + "并" * 300, "PAGE_TEXT_TOO_LONG"),
        ("创业培训合格证书", "上海市创业" * 20, "PAGE_TEXT_TOO_LONG"),
    ],
)
def test_a_template_that_would_print_badly_is_refused(old: str, new: str, code: str) -> None:
    assert old in SHIPPED
    with pytest.raises(MalanError) as caught:
        check_template(SHIPPED.replace(old, new).encode(), CertificateKind.QUALIFICATION)
    assert caught.value.code == code, caught.value


def test_a_template_that_covers_the_code_is_refused() -> None:
    cover = "#place(top + left, dx: 150mm, dy: 135mm, rect(width: 30mm, height: 30mm, fill: white))"
    text = SHIPPED.replace(CALL, f"#set page(foreground: [{cover}])\n{CALL}")
    with pytest.raises(MalanError) as caught:
        check_template(text.encode(), CertificateKind.QUALIFICATION)
    assert caught.value.code == "TEMPLATE_QR"


@pytest.mark.parametrize(
    ("text", "code"), [(b"\xff\xfe", "TEMPLATE_TEXT"), (b"//" * 60_000, "TEMPLATE_TOO_LARGE")]
)
def test_what_is_no_template_is_refused(text: bytes, code: str) -> None:
    with pytest.raises(MalanError) as caught:
        check_template(text, CertificateKind.QUALIFICATION)
    assert caught.value.code == code
