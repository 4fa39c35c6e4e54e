"""Signed notes: the C2SP example, round trips, the verifier's rules, and every second spelling refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import note
from ledger.checkpoint import Cosigner
from ledger.errors import BadSignature, MalanError, Malformed
from ledger.note import NoteKey, NoteSigner, SignatureLine, open_note, parse_note, parse_vkey, sign_note

EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg"
    "1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()


def _signer(name: str) -> NoteSigner:
    return NoteSigner(name, Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest()))


ONE, TWO = _signer("one.example/log"), _signer("two.example/log")
TEXT = "first line\n\nthird line\n"


def _code(attempt: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


def test_the_example_of_the_specification_verifies() -> None:
    key = parse_vkey(EXAMPLE_VKEY)
    assert (key.vkey, key.key_id.hex()) == (EXAMPLE_VKEY, "530d903a")
    opened = open_note(EXAMPLE, [key])
    assert opened.text == "This is an example message.\n"
    assert opened.note.render() == EXAMPLE
    assert opened.verified == opened.note.signatures


def test_golden_log_key() -> None:
    signer = NoteSigner(
        "registry.example/ledger", Ed25519PrivateKey.from_private_bytes(sha256(b"log").digest())
    )
    assert signer.key.vkey == "registry.example/ledger+39989134+AZsfhHkc/HZjBFhU04netcqVRJ2HXydqg4QLBgqznPxx"
    assert "private" not in repr(signer.key).lower()


def test_a_text_may_hold_empty_lines_and_is_parted_at_the_last_one() -> None:
    raw = sign_note(TEXT + "\n", [ONE, TWO])
    opened = open_note(raw, [ONE.key, TWO.key])
    assert opened.text == TEXT + "\n"
    assert [line.name for line in opened.verified] == [ONE.name, TWO.name]


def test_a_flipped_bit_in_text_or_signature_is_refused() -> None:
    raw = sign_note(TEXT, [ONE])
    assert open_note(raw, [ONE.key]).text == TEXT
    for place in range(len(raw) * 8):
        bent = bytearray(raw)
        bent[place // 8] ^= 1 << place % 8
        with pytest.raises(MalanError):
            open_note(bytes(bent), [ONE.key])


def test_lines_of_unknown_keys_are_ignored_even_when_name_or_id_is_known() -> None:
    line = ONE.sign(TEXT)
    same_name = SignatureLine(ONE.name, bytes(4), b"anything")
    same_id = SignatureLine(TWO.name, ONE.key.key_id, b"anything")
    raw = note.Note(TEXT, (same_name, same_id, line)).render()
    assert open_note(raw, [ONE.key]).verified == (line,)
    assert note.strangers(parse_note(raw), [ONE.key]) == (same_name, same_id)


def test_one_bad_line_of_a_known_key_rejects_the_whole_note() -> None:
    bad = SignatureLine(TWO.name, TWO.key.key_id, ONE.private_key.sign(b"other"))
    raw = note.Note(TEXT, (ONE.sign(TEXT), bad)).render()
    assert open_note(raw, [ONE.key]).text == TEXT
    assert _code(lambda: open_note(raw, [ONE.key, TWO.key])) == "SIGNATURE"


def test_a_note_without_a_known_key_is_rejected() -> None:
    raw = sign_note(TEXT, [ONE])
    assert _code(lambda: open_note(raw, [TWO.key])) == "NO_KNOWN_SIGNATURE"
    assert _code(lambda: open_note(raw, [])) == "NO_KNOWN_SIGNATURE"


def test_a_hundred_signature_lines_are_accepted_and_one_more_is_not() -> None:
    signers = [_signer(f"{number}.example") for number in range(100)]
    assert len(open_note(sign_note(TEXT, signers), [signers[99].key]).note.signatures) == 100
    raw = sign_note(TEXT, signers) + ONE.sign(TEXT).render().encode()
    assert _code(lambda: parse_note(raw)) == "NOTE_SIGNATURES"
    assert _code(lambda: sign_note(TEXT, [*signers, ONE])) == "NOTE_SIGNATURES"
    assert _code(lambda: sign_note(TEXT, [])) == "NOTE_SIGNATURES"


def test_two_keys_with_one_name_and_id_are_refused() -> None:
    class Twin(NoteKey):
        key_id = ONE.key.key_id  # type: ignore[assignment]  # a collision, made by hand

    twin = Twin(ONE.name, TWO.key.public_key)
    assert _code(lambda: open_note(sign_note(TEXT, [ONE]), [ONE.key, twin])) == "KEYS_AMBIGUOUS"
    assert open_note(sign_note(TEXT, [ONE]), [ONE.key, ONE.key]).text == TEXT


LINE = ONE.sign("t\n").render().encode()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "NOTE_SHAPE"),
        (b"t\n" + LINE, "NOTE_SHAPE"),
        (b"t\n\n" + LINE[:-1], "NOTE_SHAPE"),
        (b"t\n\n", "SIGNATURE_LINE"),
        (b"t\n\n" + LINE + b"\n", "SIGNATURE_LINE"),
        (b"t\r\n\n" + LINE, "NOTE_TEXT"),
        (b"t\t\n\n" + LINE, "NOTE_TEXT"),
        (b"t\x00\n\n" + LINE, "NOTE_TEXT"),
        (b"t\xff\n\n" + LINE, "NOTE_UTF8"),
        (b"t\xed\xa0\x80\n\n" + LINE, "NOTE_UTF8"),
        (b"t\n\n" + LINE.replace("—".encode(), b"-"), "SIGNATURE_LINE"),
        (b"t\n\n" + LINE.replace(b"one", b" one"), "SIGNATURE_LINE"),
        (b"t\n\n" + LINE.replace(b"/log ", b"/log\xc2\xa0 "), "KEY_NAME"),
        (b"t\n\n" + LINE.replace(b"/log ", "/log\u2028 ".encode()), "KEY_NAME"),
        (b"t\n\n" + LINE.replace(b"/log ", b"+log "), "KEY_NAME"),
        (b"t\n\n" + LINE.replace(b"one.example/log ", b" "), "KEY_NAME"),
        (b"t\n\n" + LINE[:-1] + b"\r\n", "BASE64"),
        (b"t\n\n" + LINE[:-1] + b" \n", "SIGNATURE_LINE"),
        (b"t\n\n" + LINE[:-2] + b"\n", "BASE64"),
        (b"t\n\n" + LINE.replace(b"=\n", b"==\n"), "BASE64"),
        (b"t\n\n" + "— n AAAA\n".encode(), "SIGNATURE_LINE"),
        (b"t\n\n" + "— n AAAAAA==\n".encode(), "SIGNATURE_LINE"),
        (b"t" * 1_000_000 + b"\n\n" + LINE, "NOTE_SIZE"),
    ],
)
def test_what_no_honest_writer_produces_is_malformed(raw: bytes, code: str) -> None:
    assert parse_note(b"t\n\n" + LINE).signatures[0].name == ONE.name
    assert _code(lambda: parse_note(raw)) == code


def test_a_line_separator_in_the_text_ends_no_line() -> None:
    text = "a\u2028— forged.example AAAAAAAA\u0085\u2029\n"
    opened = open_note(sign_note(text, [ONE]), [ONE.key])
    assert opened.text == text
    assert len(opened.note.signatures) == 1


def test_base64_has_one_spelling() -> None:
    assert note.decode_base64("AAE=", where="here") == b"\x00\x01"
    for text in ("AAF=", "AAE", "AAE==", "AAE=\n", " AAE=", "AA-=", "AA E=", "ＡＡＥ=", "=AAE"):
        assert _code(lambda text=text: note.decode_base64(text, where="here")) == "BASE64"


def test_vkeys_have_one_spelling() -> None:
    name, key_id, data = EXAMPLE_VKEY.split("+", 2)
    cosigner = Cosigner(ONE.name, ONE.private_key).key.vkey
    for vkey, code in (
        (f"{name}+{key_id.upper()}+{data}", "VKEY"),
        (f"{name}+{key_id}", "VKEY"),
        (f"{name}+{key_id}0+{data}", "VKEY"),
        (f"{name}+530d903b+{data}", "VKEY_ID"),
        (f"{name}x+{key_id}+{data}", "VKEY_ID"),
        (f"+{key_id}+{data}", "KEY_NAME"),
        (f"{name}+{key_id}+{data}\n", "BASE64"),
        (f"{name}+{key_id}+{data[:-4]}", "KEY_LENGTH"),
        (f"{name}+{key_id}+", "VKEY_TYPE"),
        (cosigner, "VKEY_TYPE"),
    ):
        assert _code(lambda vkey=vkey: parse_vkey(vkey)) == code


P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int]


def _add(one: Point, two: Point) -> Point:
    """Affine addition on edwards25519, as RFC 8032 section 5.1.4 defines the group."""
    (x1, y1), (x2, y2) = one, two
    k = D * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def _times(factor: int, point: Point) -> Point:
    result = (0, 1)
    for bit in bin(factor)[2:]:
        result = _add(result, result)
        if bit == "1":
            result = _add(result, point)
    return result


def _encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def _small_order_points() -> set[bytes]:
    """All eight, found by multiplying points of the curve by the prime order."""
    found: set[bytes] = set()
    y = 2
    while len(found) < 8:
        x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(x2, (P + 3) // 8, P)
        for root in (x, x * pow(2, (P - 1) // 4, P) % P):
            if root * root % P == x2:
                found |= {_encode(_times(ORDER, point)) for point in ((root, y), (P - root, y))}
        y += 1
    return found


def test_keys_of_small_order_are_refused() -> None:
    points = _small_order_points()
    assert {(1).to_bytes(32, "little"), bytes(32)} < points
    for public_key in points:
        assert _code(lambda key=public_key: NoteKey("n", key)) == "KEY_SMALL_ORDER"


def test_under_a_small_order_key_one_signature_would_fit_any_text() -> None:
    """Negative control: the library alone accepts what `check_ed25519_point` keeps out."""
    identity = (1).to_bytes(32, "little")
    forged = identity + bytes(32)
    for text in (b"one", b"another"):
        Ed25519PublicKey.from_public_bytes(identity).verify(forged, text)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(ONE.key.public_key).verify(forged, b"one")


def test_keys_that_are_no_point_or_spelled_otherwise_are_refused() -> None:
    for y in (P, P + 1, P + 5, 2**255 - 1):
        for sign in (0, 1 << 255):
            key = (y | sign).to_bytes(32, "little")
            assert _code(lambda key=key: NoteKey("n", key)) == "KEY_NOT_CANONICAL"
    off_curve = 0
    for y in range(2, 40):
        try:
            NoteKey("n", y.to_bytes(32, "little"))
        except BadSignature as error:
            off_curve += error.code == "KEY_NOT_ON_CURVE"
    assert 5 < off_curve < 35
    with pytest.raises(Malformed):
        NoteKey("n", bytes(31))


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Z"], exclude_characters="+"), min_size=1
)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], min_codepoint=32)).map(
    lambda t: t + "\n"
)


@settings(max_examples=100, deadline=None)
@given(text=st.lists(texts, min_size=1, max_size=4).map("".join), name=names)
def test_a_signed_note_opens_to_its_text(text: str, name: str) -> None:
    signer = NoteSigner(name, ONE.private_key)
    raw = sign_note(text, [signer])
    assert open_note(raw, [signer.key]).text == text
    assert parse_note(raw).render() == raw
    assert parse_vkey(signer.key.vkey) == signer.key


@settings(max_examples=300, deadline=None)
@given(
    place=st.integers(0, 200), insert=st.sampled_from([b"\n", b" ", b"=", b"A", b"\xe2\x80\x94", b"\xc2\x85"])
)
def test_whatever_parses_renders_to_the_same_bytes(place: int, insert: bytes) -> None:
    raw = sign_note(TEXT, [ONE])
    raw = raw[:place] + insert + raw[place:]
    try:
        parsed = parse_note(raw)
    except Malformed:
        return
    assert parsed.render() == raw


def test_signature_lines_come_back_from_their_rendering() -> None:
    line = ONE.sign(TEXT)
    assert note.parse_signature_line(line.render().removesuffix("\n")) == line
    assert base64.b64decode(line.render().split(" ")[2]) == ONE.key.key_id + line.signature
