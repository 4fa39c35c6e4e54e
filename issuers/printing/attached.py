"""What a certificate's PDF carries, taken out again: credential, proof, and whether its seal holds. Pure.

Promises: a hostile file costs no more than its limits (bytes, objects, unpacked bytes) and ends in an error
with a code; nothing of the pages is read or believed. What is taken out is bytes, and believed by nobody
before `verify` checked it. The seal (PAdES) says that the file is as its signer left it; who the signer is
says the credential.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits, DocumentDecodeBudget, StreamDecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from issuers.credential import BYTES_MAX as CREDENTIAL_BYTES_MAX
from issuers.printing.folder import CREDENTIAL, PROOF
from ledger.errors import MalanError, Malformed
from ledger.keys import kid_of
from ledger.proof import MAX_PROOF_BYTES

PDF_BYTES_MAX: Final = 20_000_000
_UNPACKED_MAX: Final = 32 * 2**20
_FILES_MAX: Final = 64
_LIMITS: Final = DecodeLimits(
    per_stream=StreamDecodeLimits(max_output_size=_UNPACKED_MAX),
    document_budget=DocumentDecodeBudget(base_allowance=2 * _UNPACKED_MAX, max_ratio=1.0),
)


class Seal(StrEnum):
    """`SOUND`: signed as a whole by the key `kid`, and unchanged since. `ALTERED`: signed, and not that any
    more."""

    NONE = "none"
    SOUND = "sound"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Attached:
    """`kid` of the seal's key, empty without a sound seal."""

    credential: bytes = field(repr=False)
    proof: bytes | None = field(repr=False)
    seal: Seal
    kid: bytes = b""


def read_attached(pdf: bytes) -> Attached:
    """The attachments and the state of the seal.

    Raises Malformed PDF_SIZE, PDF_UNREADABLE (damaged, encrypted, or beyond the limits), PDF_NO_CREDENTIAL,
    PDF_ATTACHMENTS (two of one name, or one too large).
    """
    with open_pdf(pdf) as reader:
        found = _attachments(reader)
    if CREDENTIAL not in found:
        raise Malformed(
            "PDF_NO_CREDENTIAL",
            "no credential is attached to this PDF",
            fix="Take the file as the issuing body sent it, or check a picture of its QR code.",
        )
    seal, kid = _seal(reader)
    return Attached(found[CREDENTIAL], found.get(PROOF), seal, kid)


@contextmanager
def open_pdf(pdf: bytes, *, strict: bool = True) -> Iterator[PdfFileReader]:
    """A reader within limits; not `strict`, it forgives what office scanners write.

    Raises Malformed PDF_SIZE, PDF_UNREADABLE: whatever a reader of hostile files may raise in the block
    becomes one error without content.
    """
    if len(pdf) > PDF_BYTES_MAX:
        raise Malformed("PDF_SIZE", f"a PDF of at most {PDF_BYTES_MAX // 1_000_000} MB is read")
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=strict, decode_limits=_LIMITS)
        if reader.encrypted:
            raise Malformed("PDF_UNREADABLE", "the PDF is encrypted")
        yield reader
    except MalanError:
        raise
    except Exception:  # a damaged file can break a reader anywhere; nothing was decided yet
        raise Malformed("PDF_UNREADABLE", "the PDF is damaged, or not one this program reads") from None


def _attachments(reader: PdfFileReader) -> dict[str, bytes]:
    """By name, from the catalog's /AF array (ISO 32000-2, 14.13), where PDF/A-3 wants every embedded file."""
    limits = {CREDENTIAL: CREDENTIAL_BYTES_MAX, PROOF: MAX_PROOF_BYTES}
    files = reader.root["/AF"] if "/AF" in reader.root else generic.ArrayObject()
    if not isinstance(files, generic.ArrayObject) or len(files) > _FILES_MAX:
        raise Malformed("PDF_ATTACHMENTS", "the list of attachments is no list, or a very long one")
    found: dict[str, bytes] = {}
    for number in range(len(files)):
        spec = files[number]
        name = str(spec["/UF"])
        if name not in limits:
            continue
        if name in found:
            raise Malformed("PDF_ATTACHMENTS", "two attachments have one name")
        stream = spec["/EF"]["/F"]
        data = bytes(stream.data)
        if len(data) > limits[name]:
            raise Malformed("PDF_ATTACHMENTS", "an attachment is larger than any we write")
        found[name] = data
    return found


def _seal(reader: PdfFileReader) -> tuple[Seal, bytes]:
    """Exactly one signature, over every byte of the file but itself, by the key in its own certificate."""
    try:
        signatures = reader.embedded_signatures
        if not signatures:
            return Seal.NONE, b""
        (signature,) = signatures
        certificate = signature.signer_cert
        # The certificate vouches for nothing: the key in it must be the credential's. So it is its own root.
        context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
        status = validate_pdf_signature(signature, context, skip_diff=True)
        whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
        if status.intact and status.valid and whole:
            return Seal.SOUND, kid_of(certificate.public_key.dump())
    except Exception:  # a signature that cannot even be taken apart is not sound
        return Seal.ALTERED, b""
    return Seal.ALTERED, b""
