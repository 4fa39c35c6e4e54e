"""Door: the templates of certificates: those shipped, and what makes a text of a body's own fit to be one.

Promises: a template that passed `check_template` prints every field a certificate must show, whole, on one
A4 page, with a QR code that is read at 150 dpi, for the shortest and for the longest names and titles; it
fetches nothing and asks no clock. A template is named by the SHA-256 of its bytes, and names the frozen
sheet it draws with.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
from dataclasses import dataclass
from typing import Any, Final

import zxingcpp
from PIL import Image

from issuers.acts.words import CertificateKind
from issuers.printing import press
from issuers.printing.fonts import check_glyphs
from issuers.printing.page import page_document
from issuers.printing.specimens import specimens
from ledger.errors import Malformed, Refused

SHIPPED: Final = {
    CertificateKind.QUALIFICATION: "qualification.typ",
    CertificateKind.COMPLETION: "completion.typ",
}
TEMPLATE_BYTES_MAX: Final = 100_000
REQUIRED: Final = frozenset(
    {"name", "project", "stage", "hours", "result", "institution", "body", "responsible", "issued", "number"}
)
"""What a certificate must show; QR code, code and official address stand on the sheet itself."""

_PREVIEW_DPI: Final = 150
_NOT_OURS: Final = re.compile(r"@(?:preview|local)\b|datetime\s*\.\s*today|\bplugin\s*\(|\bread\s*\(")
_IMPORT: Final = re.compile(r"#?\b(?:import|include)\s+\"(?P<path>[^\"]*)\"")
_SHEETS: Final = re.compile(r"/sheet-[1-9][0-9]*\.typ")
_AT: Final = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Template:
    """A text that `check_template` passed, or one that is shipped; `hash` in 64 hex digits."""

    text: bytes = dataclasses.field(repr=False)
    hash: str


def template_hash(text: bytes) -> str:
    """SHA-256 of the text: with the frozen sheet it names, it settles every line drawn."""
    return hashlib.sha256(text).hexdigest()


def shipped(kind: CertificateKind) -> Template:
    """The template of a kind as this program comes with it."""
    text = (press.SHEETS / SHIPPED[kind]).read_bytes()
    return Template(text, template_hash(text))


def document(
    template: Template, items: list[dict[str, Any]], *, english: bool, **more: Any
) -> dict[str, Any]:
    """What the press tells a template: items of `page_document`, and of the file `title`, `author`,
    `keywords`, `files`."""
    told = {"title": "", "author": "", "keywords": [], "files": [], **more}
    return {**told, "template": template.hash, "english": english, "items": items}


def check_template(text: bytes, kind: CertificateKind) -> Template:
    """The template, if it may be pinned. Sets invented certificates with it.

    Raises Malformed TEMPLATE_TOO_LARGE, TEMPLATE_TEXT (not UTF-8), TEMPLATE_REACHES (fetches, reads or asks
    the time), TEMPLATE_BAD with what typst says; Refused TEMPLATE_FIELD (a field that must be shown is
    missing), TEMPLATE_PAGES, TEMPLATE_QR, GLYPH_MISSING, and PAGE_TEXT_TOO_LONG for the longest texts.
    """
    template = Template(text, template_hash(text))
    _check_text(text)
    for name, (page, qr) in specimens(kind).items():
        told = document(template, [page_document(page, qr)], english=True, title=f"specimen {name}")
        complaint = press.complaint_of(text, told, at=_AT)
        if complaint and "PAGE_TEXT_TOO_LONG" in complaint:
            press.set_pdf(text, told, at=_AT)  # raises, naming the field
        if complaint:
            raise Malformed("TEMPLATE_BAD", complaint, where=f"specimen {name}", fix="Correct the template.")
        missing = REQUIRED - press.fields_of(text, told)
        if missing:
            what = f"the template does not show: {', '.join(sorted(missing))}"
            raise Refused("TEMPLATE_FIELD", what, fix="Add a row for each.")
        pictures = press.set_pictures(text, told, dpi=_PREVIEW_DPI)
        if len(pictures) != 2:
            what = f"a certificate takes {len(pictures)} pages instead of one in Chinese and one in English"
            raise Refused("TEMPLATE_PAGES", what, where=f"specimen {name}")
        for number, picture in enumerate(pictures, start=1):
            if _read(picture) != [qr]:
                what = "the QR code cannot be read, or there is another one"
                raise Refused("TEMPLATE_QR", what, where=f"specimen {name}, page {number}")
    return template


def _check_text(text: bytes) -> None:
    if len(text) > TEMPLATE_BYTES_MAX:
        raise Malformed("TEMPLATE_TOO_LARGE", f"a template has at most {TEMPLATE_BYTES_MAX} bytes")
    try:
        told = text.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("TEMPLATE_TEXT", "a template is UTF-8 text", fix="Save it again as UTF-8.") from None
    for number, line in enumerate(told.split("\n"), start=1):
        other = next((m for m in _IMPORT.finditer(line) if not _SHEETS.fullmatch(m.group("path"))), None)
        if other is not None or _NOT_OURS.search(line):
            what = "a template imports its sheet and nothing else, reads no file and asks no clock"
            raise Malformed("TEMPLATE_REACHES", what, where=f"line {number}")
        if not line.lstrip().startswith("//"):
            check_glyphs(line.replace("\t", " ").replace("\r", ""), where=f"line {number}")


def _read(picture: bytes) -> list[str]:
    grey = Image.open(io.BytesIO(picture)).convert("L")
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [code.text for code in zxingcpp.read_barcodes(grey, formats=formats)]
