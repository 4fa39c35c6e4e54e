"""The page's own reader of our PDFs: the same bytes as `issuers.printing.attached`, or a code."""

from __future__ import annotations

import base64
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from issuers.printing.attached import read_attached
from issuers.printing.press import set_pdf
from ledger.errors import MalanError
from tests.browser.conftest import Script
from tests.browser.scanning import scanned_pdf
from tests.issuers import test_seal
from tests.issuers.test_seal import unsealed

READ = """async (module, all) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const text = (data) => data === null ? null : btoa(String.fromCharCode(...data));
  const found = [];
  for (const one of all) {
    try {
      const { credential, proof } = await module.readAttached(bytes(one));
      found.push([text(credential), text(proof)]);
    } catch (error) { found.push(error.code ?? String(error)); }
  }
  return found;
}"""
PHOTOGRAPHS = """(module, one) => module.photographs(
  Uint8Array.from(atob(one), (character) => character.charCodeAt(0))).map((data) => data.length)"""


def here(script: Script, pdfs: list[bytes]) -> list[Any]:
    told = [base64.b64encode(pdf).decode() for pdf in pdfs]
    found: list[Any] = script("/js/issuers/attached.js", READ, told)
    return found


def there(pdfs: list[bytes]) -> list[Any]:
    """As Python reads them; on another thread, for pyHanko runs a loop and the browser's driver has one."""
    with ThreadPoolExecutor(1) as pool:
        return list(pool.map(_there, pdfs))


def _there(pdf: bytes) -> Any:
    try:
        found = read_attached(pdf)
    except MalanError as error:
        return error.code
    parts = (found.credential, found.proof)
    return [None if part is None else base64.b64encode(part).decode() for part in parts]


@pytest.fixture(scope="module")
def sealed() -> bytes:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(test_seal.sealed).result()


def test_what_is_attached_comes_out_the_same(script: Script, sealed: bytes) -> None:
    pdfs = [unsealed(), sealed]
    assert here(script, pdfs) == there(pdfs)


def test_what_is_none_of_ours_is_refused(script: Script, sealed: bytes) -> None:
    plain = set_pdf(b'#set document(title: "x")\nx', {}, at=0)
    loop = (
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/AF[1 0 R]>>\nendobj\nxref\n0 2\n0000000000 65535 f \n"
        b"0000000009 00000 n \ntrailer\n<</Size 2/Root 1 0 R/Prev 53>>\nstartxref\n53\n%%EOF"
    )
    pdfs = [b"", b"%PDF-1.7", bytes(5_000), plain, loop, sealed[:-40], sealed[40:]]
    assert set(here(script, pdfs)) == {"PDF_UNREADABLE", "PDF_NO_CREDENTIAL"}
    twice = unsealed().replace(b"/UF(certificate.tlog-proof)", b"/UF(credential.cose)           ")
    assert here(script, [twice]) in (["PDF_ATTACHMENTS"], ["PDF_UNREADABLE"])


def test_broken_files_give_the_same_bytes_or_none(script: Script, sealed: bytes) -> None:
    chance, pdfs = random.Random(11), []
    for place in [*chance.sample(range(len(sealed)), 16), *range(len(sealed) - 300, len(sealed), 60)]:
        changed = bytearray(sealed)
        changed[place] ^= 1 << chance.randrange(8)
        pdfs.append(bytes(changed))
    read = [one for one in zip(here(script, pdfs), there(pdfs), strict=True) if isinstance(one[0], list)]
    assert len(read) > 8
    assert all(ours == theirs for ours, theirs in read if isinstance(theirs, list))


def test_the_photograph_of_a_scanned_sheet_is_found(script: Script, sealed: bytes) -> None:
    told = base64.b64encode(scanned_pdf("https://cert.example.cn/x")).decode()
    (length,) = script("/js/issuers/attached.js", PHOTOGRAPHS, told)
    assert length > 10_000
    assert script("/js/issuers/attached.js", PHOTOGRAPHS, base64.b64encode(sealed).decode()) == []
