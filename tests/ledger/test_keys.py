"""Keys and signatures: known answers, one spelling of each, and none that more than its owner can make."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadSignature, Malformed
from ledger.keys import EDDSA, ES256, SoftwareSigner, from_seed, kid_of, load_private, public_key

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")
MESSAGE = b"what was said"

# The eight points of small order, then spellings of them that RFC 8032 section 5.1.3 refuses.
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


def signer(alg: int, label: str = "one") -> SoftwareSigner:
    return from_seed(alg, hashlib.shake_256(label.encode()).digest(48 if alg == ES256 else 32))


def halves(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def joined(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def spki_of(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | x25519.X25519PublicKey) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, form)


# Known answers.


def test_es256_is_rfc_6979_with_s_in_its_low_half() -> None:
    """RFC 6979 A.2.5, message "sample", SHA-256; its s lies in the upper half."""
    x = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    r = 0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716
    s = 0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8
    key = SoftwareSigner(ec.derive_private_key(x, ec.SECP256R1()))
    assert key.sign(b"sample") == joined(r, P256_ORDER - s)
    key.public.verify(b"sample", joined(r, P256_ORDER - s))
    with pytest.raises(BadSignature) as caught:
        key.public.verify(b"sample", joined(r, s))
    assert caught.value.code == "SIGNATURE_HIGH_S"


def test_ed25519_is_rfc_8032() -> None:
    """RFC 8032 7.1, TEST 1."""
    key = from_seed(EDDSA, bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    point = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.public.spki == ED25519_PREFIX + bytes.fromhex(point)
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


def test_a_kid_is_the_first_eight_bytes_of_the_hash_of_the_spki() -> None:
    for alg in (ES256, EDDSA):
        public = signer(alg).public
        assert public.kid == kid_of(public.spki) == hashlib.sha256(public.spki).digest()[:8]


def test_a_seed_for_es256_is_reduced_and_never_zero() -> None:
    """FIPS 186-5 A.2.1: c mod (n - 1) + 1."""
    zero = from_seed(ES256, bytes(48))
    wrapped = from_seed(ES256, (P256_ORDER - 1).to_bytes(48, "big"))
    assert zero.public == wrapped.public
    one = SoftwareSigner(ec.derive_private_key(1, ec.SECP256R1()))
    assert zero.public == one.public


@pytest.mark.parametrize(
    ("alg", "size"), [(ES256, 32), (ES256, 47), (ES256, 0), (EDDSA, 48), (EDDSA, 31), (-9, 32)]
)
def test_a_seed_of_another_size_makes_no_key(alg: int, size: int) -> None:
    with pytest.raises(Malformed) as caught:
        from_seed(alg, bytes(size))
    assert caught.value.code == "KEY_SEED"


# Signatures.


@pytest.mark.parametrize("alg", [ES256, EDDSA])
def test_the_same_message_gives_the_same_signature(alg: int) -> None:
    """A retry after a crash signs the same bytes."""
    assert signer(alg).sign(MESSAGE) == signer(alg).sign(MESSAGE)
    assert signer(alg).sign(MESSAGE) != signer(alg).sign(MESSAGE + b".")


@given(st.binary(max_size=40))
def test_every_es256_signature_is_low_s_and_its_mirror_is_refused(message: bytes) -> None:
    key = signer(ES256)
    signature = key.sign(message)
    r, s = halves(signature)
    assert 0 < s <= P256_ORDER // 2
    key.public.verify(message, signature)
    with pytest.raises(BadSignature) as caught:
        key.public.verify(message, joined(r, P256_ORDER - s))
    assert caught.value.code == "SIGNATURE_HIGH_S"


def test_a_high_s_is_a_true_signature_that_only_this_rule_stops() -> None:
    """Negative control: the mirrored signature verifies under the plain ECDSA of the library."""
    private = ec.derive_private_key(7, ec.SECP256R1())
    r, s = halves(SoftwareSigner(private).sign(MESSAGE))
    mirrored = encode_dss_signature(r, P256_ORDER - s)
    private.public_key().verify(mirrored, MESSAGE, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("alg", [ES256, EDDSA])
def test_every_flipped_bit_of_a_signature_is_refused(alg: int) -> None:
    key = signer(alg)
    signature = key.sign(MESSAGE)
    for bit in range(8 * len(signature)):
        broken = bytearray(signature)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadSignature):
            key.public.verify(MESSAGE, bytes(broken))


@pytest.mark.parametrize("alg", [ES256, EDDSA])
def test_a_signature_by_another_key_or_over_other_words_is_refused(alg: int) -> None:
    signature = signer(alg).sign(MESSAGE)
    signer(alg).public.verify(MESSAGE, signature)
    for key, message in ((signer(alg, "two"), MESSAGE), (signer(alg), MESSAGE + b"\0"), (signer(alg), b"")):
        with pytest.raises(BadSignature) as caught:
            key.public.verify(message, signature)
        assert caught.value.code == "SIGNATURE_BAD"


@pytest.mark.parametrize("alg", [ES256, EDDSA])
@pytest.mark.parametrize("size", [0, 1, 63, 65, 72, 128])
def test_a_signature_has_64_bytes(alg: int, size: int) -> None:
    with pytest.raises(BadSignature) as caught:
        signer(alg).public.verify(MESSAGE, bytes(size))
    assert caught.value.code == "SIGNATURE_SIZE"


@pytest.mark.parametrize(
    ("r", "s"), [(0, 0), (0, 1), (1, 0), (P256_ORDER, 1), (P256_ORDER + 1, 1), (2**256 - 1, 1)]
)
def test_numbers_outside_the_group_are_no_es256_signature(r: int, s: int) -> None:
    with pytest.raises(BadSignature):
        signer(ES256).public.verify(MESSAGE, joined(r, s))


def test_an_ed25519_s_plus_the_group_order_is_no_second_spelling() -> None:
    """RFC 8032 5.1.7: S is below L, or one signature would have several spellings."""
    key = signer(EDDSA)
    signature = key.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little")
    for factor in range(1, 16):
        other = s + factor * ED25519_ORDER
        if other < 2**256:
            with pytest.raises(BadSignature):
                key.public.verify(MESSAGE, signature[:32] + other.to_bytes(32, "little"))


def neutral(message: bytes) -> bytes:
    """A signature under the neutral point, for any message, by anybody: R neutral, S zero."""
    return b"\x01" + bytes(63)


def test_under_the_neutral_point_everybody_can_sign_everything() -> None:
    """Negative control: the library alone takes the key, and the signature for every message."""
    anybody = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(SMALL_ORDER[0]))
    for message in (b"", MESSAGE):
        anybody.verify(neutral(message), message)


@pytest.mark.parametrize("text", SMALL_ORDER[:8])
def test_a_key_of_small_order_is_no_key(text: str) -> None:
    with pytest.raises(BadSignature) as caught:
        public_key(EDDSA, ED25519_PREFIX + bytes.fromhex(text))
    assert caught.value.code == "KEY_SMALL_ORDER"


@pytest.mark.parametrize("text", [*SMALL_ORDER[8:], "02" + "00" * 31])
def test_an_ed25519_key_has_one_spelling_and_lies_on_the_curve(text: str) -> None:
    with pytest.raises(BadSignature) as caught:
        public_key(EDDSA, ED25519_PREFIX + bytes.fromhex(text))
    assert caught.value.code in ("KEY_NOT_CANONICAL", "KEY_NOT_ON_CURVE")


# Public keys.


@pytest.mark.parametrize("alg", [0, 1, -1, -9, -19, -35, -37, -257])
def test_a_suite_that_is_not_ours_is_refused(alg: int) -> None:
    with pytest.raises(Malformed) as caught:
        public_key(alg, signer(ES256).public.spki)
    assert caught.value.code == "KEY_ALG"


def test_a_key_of_one_suite_does_not_serve_the_other() -> None:
    for alg, other in ((ES256, EDDSA), (EDDSA, ES256)):
        with pytest.raises(Malformed) as caught:
            public_key(other, signer(alg).public.spki)
        assert caught.value.code == "KEY_SPKI"


def strange_keys() -> dict[str, bytes]:
    point = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    compressed = point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    short = algorithm + b"\x03\x22\x00" + compressed
    honest = spki_of(point)
    off_curve = bytearray(honest)
    off_curve[-1] ^= 1
    return {
        "nothing": b"",
        "noise": b"\x30\x03\x02\x01\x00",
        "cut short": honest[:-1],
        "bytes after the key": honest + b"\0",
        "a long form of its length": b"\x30\x81" + honest[1:],
        "a compressed point": b"\x30" + bytes([len(short)]) + short,
        "a point beside the curve": bytes(off_curve),
        "the point at infinity": b"\x30\x19" + algorithm + b"\x03\x02\x00\x00",
        "another curve": spki_of(ec.derive_private_key(7, ec.SECP384R1()).public_key()),
        "a Koblitz curve of the same size": spki_of(ec.derive_private_key(7, ec.SECP256K1()).public_key()),
        "a key for agreement": spki_of(x25519.X25519PrivateKey.from_private_bytes(b"\1" * 32).public_key()),
        "RSA": spki_of(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()),
    }


@pytest.mark.parametrize("name", strange_keys())
@pytest.mark.parametrize("alg", [ES256, EDDSA])
def test_strange_keys_are_refused(alg: int, name: str) -> None:
    with pytest.raises(Malformed) as caught:
        public_key(alg, strange_keys()[name])
    assert caught.value.code == "KEY_SPKI"


# Private keys.


@pytest.mark.parametrize("alg", [ES256, EDDSA])
def test_a_private_key_keeps_in_pkcs8(alg: int) -> None:
    again = load_private(signer(alg).pkcs8())
    assert again.public == signer(alg).public
    assert again.sign(MESSAGE) == signer(alg).sign(MESSAGE)


def test_only_keys_of_our_suites_are_loaded() -> None:
    encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    curve = ec.derive_private_key(7, ec.SECP384R1()).private_bytes(
        encoding, form, serialization.NoEncryption()
    )
    password = serialization.BestAvailableEncryption(b"x")
    locked = ed25519.Ed25519PrivateKey.from_private_bytes(b"\1" * 32).private_bytes(encoding, form, password)
    for data in (b"", b"noise", curve, locked):
        with pytest.raises(Malformed) as caught:
            load_private(data)
        assert caught.value.code == "KEY_PKCS8"


def test_only_an_ed25519_key_signs_notes() -> None:
    seed = bytes(range(32))
    assert from_seed(EDDSA, seed).raw_ed25519() == seed
    with pytest.raises(Malformed) as caught:
        signer(ES256).raw_ed25519()
    assert caught.value.code == "KEY_ALG"


def test_a_signer_does_not_show_its_key() -> None:
    key = signer(ES256)
    assert key.pkcs8().hex() not in repr(key)
    assert not hasattr(key, "__dict__")
