"""Door: the TLS certificate of `malan serve --tls`: the operator's files, or one made here and kept in home.

Promises: a certificate made here names what the service is reached by, lives 397 days, is made anew 30 days
before its end or when a name is missing, and its key is readable by its owner alone. Nobody vouches for it:
whoever opens the page compares the fingerprint. Its use is a demonstration or an office network; a public
service has a certificate of a recognised authority (registry/docs/operating.md).
"""

from __future__ import annotations

import ipaddress
import os
import ssl
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from issuers.files import private_directory, read_file, replace_file
from ledger.errors import Malformed, Unavailable

DAYS: Final = 397  # the most that browsers take
RENEW_DAYS: Final = 30
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"  # for TLS 1.2; those of 1.3 are all sound
_BYTES_MAX: Final = 2**20
_EARLIER: Final = timedelta(hours=1)  # clocks of phones are not ours


@dataclass(frozen=True, slots=True)
class Certified:
    """Files for the server; `made` is our own certificate for whoever wants to check it, None if given."""

    certificate: Path
    key: Path
    fingerprint: str
    made: Path | None


def given(certificate: Path, key: Path) -> Certified:
    """The operator's files. Raises Unavailable FILE_READ, SECRET_MODE, TLS_ENDED; Malformed TLS_FILES."""
    found = _read(certificate)
    _need_private(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise Malformed(
            "TLS_FILES",
            "the two files are not a certificate and its key, in PEM, the key without a passphrase",
            where="--tls-cert, --tls-key",
        ) from error
    if found.not_valid_after_utc <= datetime.now(UTC):
        raise Unavailable("TLS_ENDED", "the certificate has ended", where="--tls-cert", fix="Renew it.")
    return Certified(certificate, key, _fingerprint(found), made=None)


def kept_in(home: Path, names: Iterable[str], *, now: datetime | None = None) -> Certified:
    """The certificate of this home for these host names and addresses, made or renewed if need be."""
    now, wanted = now or datetime.now(UTC), frozenset(names)
    place = private_directory(home / "tls")
    both, shown = place / "server.pem", place / "certificate.pem"
    found = _read(both) if both.exists() else None
    if found is not None:
        _need_private(both)
    if found is None or not _serves(found, wanted, now):
        private = ec.generate_private_key(ec.SECP256R1())
        found = _make(private, sorted(wanted | (_names(found) if found is not None else frozenset())), now)
        # Key and certificate in one file: it is there whole or not at all.
        replace_file(both, _pem(private) + _public_pem(found), mode=0o600)
    if not shown.exists() or read_file(shown, bytes_max=_BYTES_MAX) != _public_pem(found):
        replace_file(shown, _public_pem(found), mode=0o644)
    return Certified(both, both, _fingerprint(found), made=shown)


def _serves(found: x509.Certificate, wanted: frozenset[str], now: datetime) -> bool:
    end = found.not_valid_after_utc - timedelta(days=RENEW_DAYS)
    return found.not_valid_before_utc <= now < end and wanted <= _names(found)


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _public_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _make(private: ec.EllipticCurvePrivateKey, names: list[str], now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Malan, self-signed")])
    public = private.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    usage = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now - _EARLIER + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(private, hashes.SHA256())
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(certificate: x509.Certificate) -> frozenset[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return frozenset((*names.get_values_for_type(x509.DNSName), *map(str, addresses)))


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _read(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(read_file(path, bytes_max=_BYTES_MAX))
    except ValueError as error:
        raise Malformed("TLS_FILES", "not a certificate in PEM", where=path.name) from error


def _need_private(key: Path) -> None:
    read_file(key, bytes_max=_BYTES_MAX)
    if os.name == "posix" and stat.S_IMODE(key.stat().st_mode) & 0o077:
        raise Unavailable(
            "SECRET_MODE", "others may read the key of TLS", where=key.name, fix=f"chmod 600 {key.name}"
        )


def _no_password() -> str:
    raise ValueError("a passphrase")  # else OpenSSL would ask at the terminal
