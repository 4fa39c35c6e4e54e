"""TLS of `malan serve`: a certificate that names its addresses, is kept, renewed in time, and served."""

from __future__ import annotations

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from issuers.qr import check_origin
from ledger.errors import MalanError
from registry.demo.serving import mismatch, signing_in
from registry.serving import tls
from registry.serving.listening import listen, origin_of, reached_as
from registry.settings import read_settings
from tests.registry.served import Served
from tests.registry.stage import Stage

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("localhost", "127.0.0.1", "192.168.7.5")


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_certificate_is_made_once_for_its_names_and_397_days(tmp_path: Path) -> None:
    made = tls.kept_in(tmp_path, NAMES, now=NOW)
    assert made.made is not None
    found = read(made.made)
    assert found.not_valid_after_utc - found.not_valid_before_utc == timedelta(days=397)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert {str(one) for one in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "192.168.7.5"}
    assert (tmp_path / "tls" / "server.pem").stat().st_mode & 0o077 == 0
    assert b"PRIVATE" not in made.made.read_bytes()
    plain = hashlib.sha256(ssl.PEM_cert_to_DER_cert(made.made.read_text())).hexdigest().upper()
    assert made.fingerprint.replace(":", "") == plain
    assert tls.kept_in(tmp_path, NAMES[:2], now=NOW + timedelta(days=300)) == made


@pytest.mark.parametrize(
    ("names", "days"), [(NAMES, 367), (NAMES, -1), ((*NAMES, "10.0.0.7"), 1)], ids=["end", "early", "name"]
)
def test_it_is_made_anew_near_its_end_or_for_a_new_name(
    tmp_path: Path, names: tuple[str, ...], days: int
) -> None:
    first = tls.kept_in(tmp_path, NAMES, now=NOW)
    second = tls.kept_in(tmp_path, names, now=NOW + timedelta(days=days))
    assert second.fingerprint != first.fingerprint
    assert second.made is not None
    assert read(second.made).not_valid_before_utc > NOW + timedelta(days=days - 1)


def test_files_of_the_operator_must_fit_and_be_private(tmp_path: Path) -> None:
    made = tls.kept_in(tmp_path / "one", NAMES)
    other = tls.kept_in(tmp_path / "two", NAMES)
    assert tls.given(made.certificate, made.key).fingerprint == made.fingerprint
    assert made.made is not None
    trials = [(made.made, other.key, "TLS_FILES"), (tmp_path / "no", made.key, "FILE_READ")]
    old = tls.kept_in(tmp_path / "old", NAMES, now=NOW - timedelta(days=800))
    trials.append((old.certificate, old.key, "TLS_ENDED"))
    for certificate, key, code in trials:
        with pytest.raises(MalanError) as error:
            tls.given(certificate, key)
        assert error.value.code == code
    made.key.chmod(0o644)
    with pytest.raises(MalanError) as error:
        tls.given(made.certificate, made.key)
    assert error.value.code == "SECRET_MODE"


def test_serve_tls_is_believed_by_its_certificate_and_by_no_other(stage: Stage, tmp_path: Path) -> None:
    stage.publish()
    home = stage.service.settings.home
    with Served(home, ("--tls",)) as served:
        assert served.address == f"https://127.0.0.1:{served.port}"
        trusting = ssl.create_default_context(cafile=home / "tls" / "certificate.pem")
        for name in ("127.0.0.1", "localhost"):
            answer = httpx.get(f"https://{name}:{served.port}/readyz", verify=trusting)
            assert answer.status_code == 200
            assert "strict-transport-security" in answer.headers
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{served.address}/healthz")
        shown = ssl.get_server_certificate(("127.0.0.1", served.port))
        print_of_it = hashlib.sha256(ssl.PEM_cert_to_DER_cert(shown)).hexdigest().upper()
        assert served.told["certificate_sha256"].replace(":", "") == print_of_it
        weak = ssl.create_default_context(cafile=home / "tls" / "certificate.pem")
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("ECDHE-ECDSA-AES128-SHA")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{served.address}/healthz", verify=weak)
    assert "self-signed" in served.stderr
    assert "自签名" in served.stderr
    assert served.told["certificate_sha256"] in served.stderr


@pytest.mark.parametrize(
    "origin", ["https://192.168.1.5:8443", "https://10.1.2.3", "https://127.0.0.1:8443", "https://cert.a.cn"]
)
def test_origins_of_a_demonstration_may_stand_in_a_qr_code(origin: str) -> None:
    check_origin(origin)


def test_the_origin_told_is_written_as_a_browser_writes_it() -> None:
    assert origin_of("https", "192.168.1.5", 443) == "https://192.168.1.5"
    assert origin_of("https", "192.168.1.5", 8443) == "https://192.168.1.5:8443"
    assert origin_of("http", "::1", 80) == "http://[::1]"
    with listen("127.0.0.1", 0) as listener:
        assert reached_as(listener, scheme="http") == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_demo_served_elsewhere_than_its_codes_lead_says_so_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MALAN_QR_ORIGIN", raising=False)
    (tmp_path / "malan.env").write_text("MALAN_QR_ORIGIN=https://192.168.1.5:8443\n")
    settings = read_settings(home=tmp_path)
    assert mismatch(settings, "https://192.168.1.5:8443") == ""
    told = mismatch(settings, "http://127.0.0.1:8000")
    assert f"malan serve --demo --tls --host 0.0.0.0 --port 8443 --home {tmp_path}" in told
    assert "malan demo --home ANOTHER-FOLDER --public-url http://127.0.0.1:8000" in told
    assert "二维码" in told


def test_the_commands_to_sign_in_trust_the_certificate_that_was_made(tmp_path: Path) -> None:
    made = tls.kept_in(tmp_path, NAMES)
    told = signing_in(tmp_path, "https://127.0.0.1:1", certificate=made)
    assert f"MALAN_CERTIFICATE={made.made} MALAN_SERVER=https://127.0.0.1:1 malan-sign sign-in" in told
    assert told.count("/desks/") == 3
    assert "MALAN_CERTIFICATE" not in signing_in(tmp_path, "http://127.0.0.1:1", certificate=None)
