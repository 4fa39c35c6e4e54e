"""What PDF/A-3 and PDF/UA-1 ask of our PDFs, looked up in their objects; and veraPDF, where it is at hand.

The promises are the press's (typst refuses what it cannot keep). Here another program reads what it wrote,
sealed or not. The judge of the standards is veraPDF, for a look by hand: MALAN_VERAPDF names its jar
(org.verapdf.apps, greenfield-apps, in the Maven repository).
"""

from __future__ import annotations

import dataclasses
import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from issuers.acts.words import CertificateKind
from issuers.printing.certificate_pdf import make_pdf, make_print
from issuers.printing.folder import CREDENTIAL, PROOF
from issuers.printing.seal import seal_pdf, self_certificate
from issuers.printing.templates import shipped
from tests.issuers.paper import HOST, certificate, signer, text_of

BODY = "上海市示例创业培训评价中心"
AT = datetime(2026, 3, 13, 2, 0, tzinfo=UTC)
WORDS = {CertificateKind.QUALIFICATION: "合格证书", CertificateKind.COMPLETION: "结业证书"}
FORBIDDEN = {"/AA", "/OpenAction", "/JavaScript", "/XFA", "/NeedsRendering", "/Launch", "/URI"}


def sent(kind: CertificateKind, number: int, *, english: bool) -> bytes:
    page, credential = certificate(number)
    page = dataclasses.replace(page, card=dataclasses.replace(page.card, kind=WORDS[kind]))
    return make_pdf(
        page, host=HOST, credential=credential, proof=b"proof", template=shipped(kind), english=english
    )


def sealed(pdf: bytes) -> bytes:
    chain = (self_certificate(signer(), body=BODY),)
    return seal_pdf(pdf, signer(), chain=chain, body=BODY, at=AT)


def printed(kind: CertificateKind) -> bytes:
    pages = [
        (dataclasses.replace(page, serial=f"SH{number:08d}"), text_of(credential))
        for number, (page, credential) in enumerate(map(certificate, range(3)))
    ]
    return make_print(pages, template=shipped(kind), english=True, at=0)


@cache
def files() -> dict[str, bytes]:
    """One of each kind: Chinese, with an English page, sealed, printed; plain names and the longest."""
    made = {}
    for kind in CertificateKind:
        for number, english in ((1, False), (7, True)):
            name = f"{kind.name.lower()}-{'en' if english else 'zh'}"
            made[name] = sent(kind, number, english=english)
            made[f"{name}-sealed"] = sealed(made[name])
        made[f"{kind.name.lower()}-print"] = printed(kind)
    return made


def objects(reader: PdfFileReader) -> Iterator[generic.PdfObject]:
    """Every object that the file's root leads to, once."""
    waiting: list[Any] = [reader.trailer_view.raw_get("/Root")]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, generic.IndirectObject):
            if one.idnum in seen:
                continue
            seen.add(one.idnum)
            one = one.get_object()
        yield one
        if isinstance(one, generic.DictionaryObject):
            waiting += [one.raw_get(key) for key in one]
        elif isinstance(one, generic.ArrayObject):
            waiting += [one.raw_get(place) for place in range(len(one))]


def complaints(pdf: bytes, *, attached: int) -> list[str]:
    """What the file lacks, by the clause of ISO 19005-3 or 14289-1 that asks for it; empty for a good one."""
    reader = PdfFileReader(io.BytesIO(pdf))
    root, found = reader.root, list(objects(reader))
    dictionaries = [one for one in found if isinstance(one, generic.DictionaryObject)]
    missing = []

    def need(clause: str, holds: bool) -> None:
        if not holds:
            missing.append(clause)

    need("6.1.2 header", re.match(rb"%PDF-1\.7\n%[\x80-\xff]{4}", pdf) is not None)
    need("6.1.3 trailer", "/ID" in reader.trailer and "/Encrypt" not in reader.trailer)
    need("6.2.3 output intent", _output_intent(root))
    fonts = [one for one in dictionaries if one.get("/Type") == "/FontDescriptor"]
    need("6.2.11.4 embedded fonts", bool(fonts) and all("/FontFile3" in one for one in fonts))
    outer = [one for one in dictionaries if one.get("/Type") == "/Font" and one.get("/Subtype") == "/Type0"]
    need("6.2.11.7 unicode of glyphs", bool(outer) and all("/ToUnicode" in one for one in outer))
    need("6.4 transparency, 6.5 actions", not any(FORBIDDEN & set(one) for one in dictionaries))
    metadata = root["/Metadata"].data.decode() if "/Metadata" in root else ""
    need("6.6.4 conformance", {"pdfaid:part>3<", "pdfaid:conformance>A<"} <= _said(metadata))
    need(
        "6.7 tags",
        bool(_entry(_entry(root, "/MarkInfo", {}), "/Marked", False)) and "/StructTreeRoot" in root,
    )
    need("6.8 attachments", _attachments(root) == {CREDENTIAL, PROOF} if attached else "/AF" not in root)
    need("UA 5 conformance", "pdfuaid:part>1<" in _said(metadata))
    need(
        "UA 7.1 title",
        "<dc:title>" in metadata and bool(_entry(root["/ViewerPreferences"], "/DisplayDocTitle", False)),
    )
    need("UA 7.2 language", str(root.get("/Lang", "")) == "zh-CN")
    figures = [one for one in dictionaries if one.get("/S") == "/Figure"]
    need("UA 7.3 figures", bool(figures) and all(str(one.get("/Alt", "")) for one in figures))
    return missing


def _output_intent(root: generic.DictionaryObject) -> bool:
    """One, for PDF/A, with an ICC profile (its signature `acsp` at 36)."""
    intents = _entry(root, "/OutputIntents", [])
    if len(intents) != 1 or intents[0]["/S"] != "/GTS_PDFA1":
        return False
    return bool(intents[0]["/DestOutputProfile"].data[36:40] == b"acsp")


def _said(metadata: str) -> set[str]:
    return set(re.findall(r"pdf(?:a|ua)id:[a-z]+>[^<]*<", metadata))


def _attachments(root: generic.DictionaryObject) -> set[str]:
    """Names of the associated files that are whole: relationship, kind, description, and in the name tree."""
    names = root["/Names"]["/EmbeddedFiles"]["/Names"] if "/Names" in root else []
    listed = {str(names[place]) for place in range(0, len(names), 2)}
    specs = _entry(root, "/AF", [])
    return {
        str(spec["/UF"])
        for spec in (specs[place] for place in range(len(specs)))
        if _entry(spec, "/AFRelationship", None) == "/Data"
        and str(_entry(spec, "/Desc", ""))
        and "/Subtype" in spec["/EF"]["/F"]
        and str(spec["/UF"]) in listed
    }


def _entry(found: Any, key: str, otherwise: Any) -> Any:
    """Looked up by [], which follows references; `get` does not."""
    return found[key] if key in found else otherwise  # noqa: SIM401


@pytest.mark.parametrize("name", files())
def test_each_pdf_has_what_the_standards_ask(name: str) -> None:
    attached = 0 if name.endswith("-print") else 2
    assert complaints(files()[name], attached=attached) == []


@pytest.mark.parametrize(
    ("written", "instead", "clause"),
    [
        (b"%PDF-1.7", b"%PDF-1.4", "6.1.2 header"),
        (b"/GTS_PDFA1", b"/GTS_PDFX1", "6.2.3 output intent"),
        (b"/FontFile3", b"/FontFilf3", "6.2.11.4 embedded fonts"),
        (b"/ToUnicode", b"/ToUnicodf", "6.2.11.7 unicode of glyphs"),
        (b"/Marked true", b"/Markfd true", "6.7 tags"),
        (b"/AFRelationship/Data", b"/AFRelationship/Datb", "6.8 attachments"),
        (b"<pdfaid:conformance>A<", b"<pdfaid:conformance>B<", "6.6.4 conformance"),
        (b"<pdfuaid:part>1<", b"<pdfuaid:part>2<", "UA 5 conformance"),
        (b"/DisplayDocTitle", b"/DisplayDocTitlf", "UA 7.1 title"),
        (b"/Lang(zh-CN)", b"/Lang(zz-CN)", "UA 7.2 language"),
        (b"/Alt(", b"/Alu(", "UA 7.3 figures"),
        (b"/Direction/L2R", b"/OpenAction/L2", "6.4 transparency, 6.5 actions"),
    ],
)
def test_what_lacks_one_of_them_is_named(written: bytes, instead: bytes, clause: str) -> None:
    """Negative control."""
    pdf = files()["qualification-zh"]
    assert written in pdf
    assert clause in complaints(pdf.replace(written, instead), attached=2)


def test_verapdf_finds_both_standards_kept(tmp_path: Path) -> None:
    jar = os.environ.get("MALAN_VERAPDF")
    if jar is None or shutil.which("java") is None:
        pytest.skip("MALAN_VERAPDF names no jar of veraPDF, or there is no java")
    for name, pdf in files().items():
        (tmp_path / f"{name}.pdf").write_bytes(pdf)
    spoilt = files()["qualification-zh"].replace(b"/AFRelationship/", b"/AFRelationshiq/")
    (tmp_path / "spoilt.pdf").write_bytes(spoilt)
    for flavour, good in (("3a", False), ("ua1", True)):
        command = ["java", "-cp", jar, "org.verapdf.apps.GreenfieldCliWrapper", "--format", "text"]
        told = subprocess.run(
            [*command, "-f", flavour, *map(str, sorted(tmp_path.glob("*.pdf")))],
            capture_output=True,
            text=True,
            timeout=300,
        ).stdout
        said = {Path(line.split()[1]).stem: line.split()[0] for line in told.splitlines()}
        # PDF/UA asks nothing of attachments: the negative control is PDF/A's.
        assert said.pop("spoilt") == ("PASS" if good else "FAIL")
        assert said == dict.fromkeys(files(), "PASS")
