"""The seal of a PDF: a PAdES signature by the body's own key, the one that signed the credential. Pure.

Promises: baseline B-B (ETSI EN 319 142-1) with ECDSA on P-256, over the whole file, added after it, so that
the PDF/A below stays as it was. The time written into it is the signer's own claim; when the certificate
was issued is said by the log.

A PDF reader wants an X.509 certificate for the key. The one made here is signed by the key itself and
vouches for nothing: readers show "unknown signer" until they are told; `malan-verify` asks the log instead.
A body that has a certificate of an authority for the same key hands that in.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from datetime import UTC, datetime
from typing import Final

from asn1crypto import algos, core, keys, pem, x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ledger.errors import Malformed, Refused
from ledger.keys import ES256, Signer

FIELD: Final = "MalanSeal"
_RESERVED: Final = 4_096
"""Hex digits kept for the signature besides twice the length of its certificates."""

_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
_UNTIL: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""RFC 5280 4.1.2.5: no well-defined end. How long the key speaks for the body is said by the log."""

_ES256: Final = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})


def self_certificate(signer: Signer, *, body: str) -> bytes:
    """A certificate (DER) of the key, signed by the key: same key and name, same bytes. `body` names the
    holder.

    Raises Refused PDF_KEY for a key that is not ES256: readers of PDF do not know the others.
    """
    _need_es256(signer)
    name = x509.Name.build({"organization_name": body[:64], "common_name": body[:64]})
    spki = keys.PublicKeyInfo.load(signer.public.spki)
    told = x509.TbsCertificate(
        {
            "version": "v3",
            # Positive (RFC 5280 4.1.2.2), and one for each key.
            "serial_number": int.from_bytes(signer.public.kid, "big") or 1,
            "signature": _ES256,
            "issuer": name,
            "validity": {
                "not_before": x509.Time({"utc_time": _FROM}),
                "not_after": x509.Time({"general_time": _UNTIL}),
            },
            "subject": name,
            "subject_public_key_info": spki,
            "extensions": [
                {"extn_id": "basic_constraints", "critical": True, "extn_value": {"ca": False}},
                {
                    "extn_id": "key_usage",
                    "critical": True,
                    "extn_value": x509.KeyUsage({"digital_signature", "non_repudiation"}),
                },
                {"extn_id": "key_identifier", "critical": False, "extn_value": signer.public.kid},
            ],
        }
    )
    signature = core.OctetBitString(_der(signer.sign(told.dump())))
    whole = {"tbs_certificate": told, "signature_algorithm": _ES256, "signature_value": signature}
    return bytes(x509.Certificate(whole).dump())


def read_chain(data: bytes, signer: Signer) -> tuple[bytes, ...]:
    """The certificates of a PEM file, the key's own first. Raises Malformed SEAL_CERTIFICATE, Refused
    SEAL_OTHER_KEY."""
    try:
        chain = [x509.Certificate.load(der, strict=True) for _, _, der in pem.unarmor(data, multiple=True)]
        own = [one for one in chain if one.public_key.dump() == signer.public.spki]
        rest = [one for one in chain if one.public_key.dump() != signer.public.spki]
    except (ValueError, TypeError, KeyError):
        raise Malformed("SEAL_CERTIFICATE", "not a PEM file of certificates") from None
    if len(own) != 1:
        raise Refused("SEAL_OTHER_KEY", "no certificate of the file is for the key that signs")
    return tuple(one.dump() for one in (*own, *rest))


def seal_pdf(pdf: bytes, signer: Signer, *, chain: tuple[bytes, ...], body: str, at: datetime) -> bytes:
    """The PDF, signed. `chain` as of `read_chain`, or `self_certificate` alone; `at` the time the signer
    claims.

    Raises Refused PDF_KEY. The same arguments give the same bytes where the signer does (RFC 6979).
    """
    _need_es256(signer)
    own, *rest = (x509.Certificate.load(one) for one in chain)
    registry = SimpleCertificateStore.from_certs(rest)  # type: ignore[no-untyped-call]
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", name=body, subfilter=fields.SigSeedSubFilter.PADES
    )
    # PDF/A wants every object on a line of its own, also the first one after the end of the file before.
    writer = _Revision(io.BytesIO(pdf + b"\n"))
    reserved = _RESERVED + 2 * sum(map(len, chain))
    return asyncio.run(_sealed(writer, meta, _OwnSigner(signer, own, registry), at, reserved))


async def _sealed(
    writer: _Revision, meta: signers.PdfSignatureMetadata, own: _OwnSigner, at: datetime, reserved: int
) -> bytes:
    """What `PdfSigner.sign_pdf` does, but under the time it is told."""
    session = signers.PdfSigner(meta, own).init_signing_session(writer)
    session.system_time = at
    prepared = session.prepare_tbs_document(
        validation_info=None, bytes_reserved=reserved, appearance_text_params=None
    )
    out = io.BytesIO()
    digest, _ = prepared.digest_tbs_document(output=out)
    await prepared.perform_signature(
        document_digest=digest.document_digest, pdf_cms_signed_attrs=PdfCMSSignedAttributes(signing_time=at)
    )
    return out.getvalue()


class _Revision(IncrementalPdfFileWriter):
    """A revision that adds the signature and nothing else: no new version, date, producer or random id."""

    output_version = (1, 7)  # PDF/A-3 is PDF 1.7

    @classmethod
    def _handle_id(cls, prev: PdfFileReader) -> generic.ArrayObject:
        first, _ = prev.trailer["/ID"]
        prev.stream.seek(0)
        return generic.ArrayObject(
            [first, generic.ByteStringObject(hashlib.sha256(prev.stream.read()).digest()[:16])]
        )

    def _update_meta(self) -> None:
        return None


class _OwnSigner(signers.Signer):
    """pyHanko's signer over ours, so that a key in a token or a file seals alike."""

    def __init__(self, signer: Signer, own: x509.Certificate, registry: SimpleCertificateStore) -> None:
        super().__init__(signing_cert=own, cert_registry=registry, signature_mechanism=_ES256)
        self._signer = signer

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """DER of r and s, as CMS wants it (RFC 5753)."""
        return _der(self._signer.sign(data))


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _need_es256(signer: Signer) -> None:
    if signer.public.alg != ES256:
        raise Refused("PDF_KEY", "a PDF is sealed with an ES256 key", fix="Sign with the body's ES256 key.")
