"""The seal and the attachments of a PDF: foreign programs accept it, no changed byte goes unseen."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import zlib
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from issuers.acts.words import CertificateKind
from issuers.credential import check_credential, parse_credential
from issuers.printing.attached import PDF_BYTES_MAX, Seal, read_attached
from issuers.printing.certificate_pdf import make_pdf
from issuers.printing.folder import CREDENTIAL, PROOF
from issuers.printing.seal import read_chain, seal_pdf, self_certificate
from issuers.printing.templates import shipped
from ledger.errors import BadSignature, MalanError
from ledger.keys import EDDSA, from_seed
from tests.issuers.paper import HOST, certificate, signer
from tests.world_parts import seeded

BODY = "上海市示例创业培训评价中心"
AT = datetime(2026, 3, 13, 2, 0, tzinfo=UTC)


@lru_cache(maxsize=1)
def unsealed() -> bytes:
    page, credential = certificate(1)
    template = shipped(CertificateKind.QUALIFICATION)
    return make_pdf(page, host=HOST, credential=credential, proof=b"proof", template=template)


@lru_cache(maxsize=1)
def sealed() -> bytes:
    chain = (self_certificate(signer(), body=BODY),)
    return seal_pdf(unsealed(), signer(), chain=chain, body=BODY, at=AT)


def test_the_attachments_come_out_as_they_went_in() -> None:
    for pdf, seal, kid in ((unsealed(), Seal.NONE, b""), (sealed(), Seal.SOUND, signer().public.kid)):
        found = read_attached(pdf)
        assert (found.credential, found.proof) == (certificate(1)[1], b"proof")
        assert (found.seal, found.kid) == (seal, kid)


def test_the_same_arguments_give_the_same_sealed_bytes_and_the_pdf_below_stays() -> None:
    chain = (self_certificate(signer(), body=BODY),)
    assert seal_pdf(unsealed(), signer(), chain=chain, body=BODY, at=AT) == sealed()
    assert sealed().startswith(unsealed())


def test_pyhanko_accepts_it_and_sees_a_changed_byte() -> None:
    (signature,) = PdfFileReader(io.BytesIO(sealed())).embedded_signatures
    context = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    status = validate_pdf_signature(signature, context)
    assert status.bottom_line and status.intact and status.valid
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    changed = sealed().replace(b"/Lang(zh-CN)", b"/Lang(zh-SN)")
    (signature,) = PdfFileReader(io.BytesIO(changed)).embedded_signatures
    assert not validate_pdf_signature(signature, context).intact


def test_poppler_takes_out_a_credential_that_verifies(tmp_path: Path) -> None:
    if shutil.which("pdfdetach") is None:
        pytest.skip("poppler (pdfdetach) is not installed")
    (tmp_path / "sealed.pdf").write_bytes(sealed())
    subprocess.run(["pdfdetach", "-saveall", "sealed.pdf"], cwd=tmp_path, check=True)
    assert (tmp_path / PROOF).read_bytes() == b"proof"
    taken = (tmp_path / CREDENTIAL).read_bytes()
    check_credential(parse_credential(taken), signer().public)
    with pytest.raises(BadSignature):
        check_credential(parse_credential(taken[:-1] + bytes([taken[-1] ^ 1])), signer().public)


def pdfsig(pdf: bytes, folder: Path) -> str:
    if shutil.which("pdfsig") is None:
        pytest.skip("poppler (pdfsig) is not installed")
    (folder / "sealed.pdf").write_bytes(pdf)
    return subprocess.run(["pdfsig", str(folder / "sealed.pdf")], capture_output=True, text=True).stdout


def test_poppler_accepts_it_and_sees_a_changed_byte(tmp_path: Path) -> None:
    told = pdfsig(sealed(), tmp_path)
    assert "Signature is Valid" in told and "Total document signed" in told and BODY in told
    changed = bytearray(sealed())
    changed[len(unsealed()) // 2] ^= 1
    assert "Digest Mismatch" in pdfsig(bytes(changed), tmp_path)


def verdict(pdf: bytes) -> str:
    """The seal of what may be broken, or why it cannot be read."""
    try:
        return read_attached(pdf).seal.value
    except MalanError as error:
        return error.code


def test_one_changed_byte_is_never_sound() -> None:
    """Any byte of the document, and of the signature's value.

    Around that value the CMS has bytes that nobody signs and that say nothing of the document: the case of a
    hex digit, a version, the filling of the room kept for it.
    """
    chance = random.Random(7)
    start = sealed().index(b"/Contents <") + len(b"/Contents <")
    room = range(start, sealed().index(b">", start))
    value = start + 2 * (4 + int(sealed()[start + 4 : start + 8], 16)) - 16  # within the last integer, `s`
    places = [place for place in chance.sample(range(len(sealed())), 400) if place not in room]
    assert len(places) > 300
    for place in (*places, 0, len(sealed()) - 1, start - 2, room.stop):
        changed = bytearray(sealed())
        changed[place] ^= 1 << chance.randrange(8)
        assert verdict(bytes(changed)) != "sound", f"byte {place}"
    changed = bytearray(sealed())
    changed[value] = ord("0") if changed[value] != ord("0") else ord("1")
    assert verdict(bytes(changed)) != "sound", "the signature's value"


def test_what_is_added_or_cut_off_is_not_sound() -> None:
    assert verdict(sealed()) == "sound"
    for pdf in (sealed() + b"\n", sealed() + unsealed(), sealed()[:-1], sealed()[: len(sealed()) - 600]):
        assert verdict(pdf) != "sound"


def test_two_seals_are_not_the_one_we_set() -> None:
    with pytest.raises(Exception, match="MalanSeal"):
        seal_pdf(sealed(), signer(), chain=(self_certificate(signer(), body=BODY),), body=BODY, at=AT)


def test_a_hostile_file_costs_little_and_ends_in_a_code() -> None:
    bomb = zlib.compress(bytes(200_000_000), 9)
    loop = (
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/AF 1 0 R/Names 1 0 R>>\nendobj\nxref\n0 2\n0000000000 65535 f \n"
        b"0000000009 00000 n \ntrailer\n<</Size 2/Root 1 0 R>>\nstartxref\n65\n%%EOF"
    )
    stream = (
        b"%PDF-1.7\n1 0 obj\n<</Type/XRef/Size 2/W[1 2 1]/Root 1 0 R/Filter/FlateDecode/Length "
        + str(len(bomb)).encode() + b">>\nstream\n" + bomb + b"\nendstream\nendobj\nstartxref\n9\n%%EOF"
    )  # fmt: skip
    for pdf in (b"", b"%PDF-1.7", b"%PDF-1.7\n" + bytes(300), loop, stream, b"%PDF-" + bytes(PDF_BYTES_MAX)):
        with pytest.raises(MalanError) as caught:
            read_attached(pdf)
        assert caught.value.code in ("PDF_UNREADABLE", "PDF_SIZE", "PDF_NO_CREDENTIAL", "PDF_ATTACHMENTS")


def test_a_pdf_without_our_attachments_says_what_to_do() -> None:
    from issuers.printing.press import set_pdf

    plain = set_pdf(b'#set document(title: "x")\nx', {}, at=0)
    with pytest.raises(MalanError) as caught:
        read_attached(plain)
    assert caught.value.code == "PDF_NO_CREDENTIAL" and caught.value.fix


def test_only_an_es256_key_seals() -> None:
    other = from_seed(EDDSA, seeded("seal", 32))
    with pytest.raises(MalanError) as caught:
        self_certificate(other, body=BODY)
    assert caught.value.code == "PDF_KEY"


def test_the_certificate_of_the_key_is_one_for_each_key_and_well_formed() -> None:
    der = self_certificate(signer(), body="上" * 120)
    assert der == self_certificate(signer(), body="上" * 120)
    read = x509.load_der_x509_certificate(der)
    key = read.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    read.verify_directly_issued_by(read)
    assert read.not_valid_after_utc.year == 9999
    assert not read.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_certificate_of_an_authority_is_taken_only_for_the_same_key() -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    own = x509.load_der_x509_certificate(self_certificate(signer(), body=BODY)).public_bytes(Encoding.PEM)
    assert read_chain(own, signer()) == (self_certificate(signer(), body=BODY),)
    other = from_seed(-7, seeded("another", 48))
    for data, code in ((own, "SEAL_OTHER_KEY"), (b"no PEM", "SEAL_CERTIFICATE")):
        with pytest.raises(MalanError) as caught:
            read_chain(data, other)
        assert caught.value.code == code
