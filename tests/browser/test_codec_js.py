"""The codec, COSE and keys in JavaScript, against those in Python: the same values, the same refusals."""

from __future__ import annotations

import base64
import hashlib
import random
from typing import Any

import pytest

from issuers.enrolment import open_enrolment
from issuers.request import parse_request
from ledger import cbor, edwards
from ledger.cose import Claims, check_sign1, parse_sign1, sign1
from ledger.errors import MalanError
from ledger.keys import EDDSA, ES256, from_seed, public_key
from ledger.statement import parse_statement
from tests.browser.conftest import Script

DECODE = """({decode}, all) => all.map((text) => {
  const data = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  try { decode(data); return ""; } catch (error) { return error.code ?? `${error}`; }
})"""
SEEDS: list[Any] = [
    {
        6: 1764150000,
        4: 2**39,
        7: b"C0123456789"[:10],
        -70001: ["李雷", "创业培训", 40, 1, 77, 10**15, "123X"],
    },
    [1, -1, 23, 24, 255, 256, 65535, 65536, 2**32, 2**53, 2**63 - 1, -(2**63), True, False, None],
    {"": "", "a": [b"", b"\x00" * 30, "é" * 30], "ab": {}, "b": [[[[[[[]]]]]]]},
    [[[[[[[[]]]]]]]],
    {1: 2, 3: {-1: "x", 24: 1, 256: [True]}},
]
CRAFTED = [
    *("f90000", "fa00000000", "fb7ff8000000000000", "f7", "f820", "f81f", "f800", "e0", "f3", "ff", "9fff"),
    *("c000", "c11a00000000", "d81800", "d9d9f700", "c2410f", "c4820001", "d818", "c49f"),
    *("1b8000000000000000", "3b8000000000000000", "1bffffffffffffffff", "3bffffffffffffffff"),
    *("a2010201 02".replace(" ", ""), "a201020103", "a1f401", "a180f6", "a1f90000f6", "a140f6", "a2206120f6"),
    *("61ff", "62c080", "63eda080", "64f4908080", "63efbbbf", "7800", "1800", "190000", "5f40ff", "60", "40"),
    *("9b0000000100000000", "5b7fffffffffffffff", "bb0000000000000001", "", "00ff", "8100", "a1", "820102ff"),
    *(
        "8181818181818181" + "80",
        "818181818181818181" + "80",
        "81" * 9 + "00",
        "81" * 10 + "00",
        "81" * 40 + "00",
    ),
    *("a161618161", "a2616101616102", "a201020a03", "a2620000616100", "a2616100620000", "a20a000100"),
]


def python_says(data: bytes) -> str:
    try:
        cbor.decode(data)
    except MalanError as error:
        return error.code
    return ""


def mutated(seed: int, count: int) -> list[bytes]:
    """Sound encodings with a byte or two changed, dropped or put in."""
    dice = random.Random(seed)
    found = []
    for _ in range(count):
        data = bytearray(cbor.encode(dice.choice(SEEDS)))
        for _ in range(dice.choice((1, 1, 2, 3))):
            place = dice.randrange(len(data))
            match dice.randrange(3):
                case 0:
                    data[place] = dice.randrange(256)
                case 1:
                    del data[place]
                case _:
                    data.insert(place, dice.choice((dice.randrange(256), 0xF6, 0xC0, 0x81, 0xA1)))
            data = data or bytearray(b"\x00")
        found.append(bytes(data))
    return found


def test_every_refusal_of_the_codec_is_the_same(script: Script) -> None:
    cases = (
        [bytes.fromhex(text) for text in CRAFTED] + [cbor.encode(one) for one in SEEDS] + mutated(7, 20_000)
    )
    header = bytes.fromhex("a301260319fdf20448515bf80812ec889d")
    for whole in (header, cbor.encode(SEEDS[0])):  # every value of every byte
        cases += [
            whole[:at] + bytes([byte]) + whole[at + 1 :] for at in range(len(whole)) for byte in range(256)
        ]
    heard = script("/js/ledger/cbor.js", DECODE, [base64.b64encode(one).decode() for one in cases])
    wanted = [python_says(one) for one in cases]
    different = [
        (data.hex(), python, js)
        for data, python, js in zip(cases, wanted, heard, strict=True)
        if python != js
    ]
    assert different == []
    assert len(set(wanted)) == 7 and wanted.count("") > 100  # the corpus reaches every kind of refusal


def test_what_was_read_is_written_back(script: Script) -> None:
    body = """({decode, encode}, all) => all.map((text) => btoa(String.fromCharCode(
      ...encode(decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)))))))"""
    texts = [base64.b64encode(cbor.encode(one)).decode() for one in SEEDS]
    assert script("/js/ledger/cbor.js", body, texts) == texts


CHECK = """async ({publicKey}, all) => {
  const {parseSign1, checkSign1} = await import("/js/ledger/cose.js");
  const {fromHex} = await import("/js/ledger/bytes.js");
  const codes = [];
  for (const [alg, spki, raw] of all) {
    try { await checkSign1(parseSign1(fromHex(raw)), await publicKey(alg, fromHex(spki))); codes.push(""); }
    catch (error) { codes.push(error.code ?? `${error}`); }
  }
  return codes;
}"""


def checked(alg: int, spki: bytes, raw: bytes) -> str:
    try:
        check_sign1(parse_sign1(raw), public_key(alg, spki))
    except MalanError as error:
        return error.code
    return ""


@pytest.mark.parametrize(("alg", "seed"), [(ES256, bytes(range(48))), (EDDSA, bytes(range(32)))])
@pytest.mark.parametrize("fallback", [False, True], ids=["webcrypto", "own"])
def test_every_byte_of_a_signed_message_counts(script: Script, alg: int, seed: bytes, fallback: bool) -> None:
    signer = from_seed(alg, seed)
    claims = Claims("body", "certificate/x", "log.example", 1_764_150_000, bytes(16))
    raw = sign1(signer, content_type="application/vnd.malan.x.v1+cbor", payload=b"\xa0", claims=claims)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    high = raw[:-32] + (order - int.from_bytes(raw[-32:], "big")).to_bytes(32, "big")
    cases = [raw, high, raw[:-1], raw + b"\x00"]
    step = 5 if fallback else 1  # our own arithmetic takes its time
    cases += [raw[:at] + bytes([raw[at] ^ 0x01]) + raw[at + 1 :] for at in range(0, len(raw), step)]
    value = [[alg, signer.public.spki.hex(), one.hex()] for one in cases]
    body = CHECK
    if fallback:  # a browser that knows no Ed25519
        away = """const real = crypto.subtle.importKey.bind(crypto.subtle);
          crypto.subtle.importKey = (form, raw, how, ...rest) =>
            how.name === "Ed25519" ? Promise.reject(new Error("none")) : real(form, raw, how, ...rest);"""
        body = CHECK.replace("const codes = [];", f"const codes = []; {away}")
    heard = script("/js/ledger/keys.js", body, value)
    assert heard == [checked(alg, signer.public.spki, one) for one in cases]
    assert heard.count("") == 1


def test_which_bytes_are_a_key(script: Script) -> None:
    dice = random.Random(3)
    spki = from_seed(EDDSA, bytes(32)).public.spki
    points = [dice.randbytes(32) for _ in range(40)]
    points += [n.to_bytes(32, "little") for n in (0, 1, 2, 2**255 - 19, 2**255 - 18, 2**255 - 20, 2**256 - 1)]
    points += [bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), bytes(31)]
    body = """async ({checkEd25519Point}, all) => {
      const {fromHex} = await import("/js/ledger/bytes.js");
      const said = (text) => {
        try { checkEd25519Point(fromHex(text)); return ""; } catch (error) { return error.code; }
      };
      return all.map(said);
    }"""
    wanted = []
    for point in points:
        try:
            edwards.check_ed25519_point(point)
            wanted.append("")
        except MalanError as error:
            wanted.append(error.code)
    assert script("/js/ledger/edwards.js", body, [one.hex() for one in points]) == wanted
    assert len(set(wanted)) == 5
    es256 = from_seed(ES256, bytes(range(48))).public.spki
    odd = [
        spki[:-1],
        b"",
        es256[:-1] + bytes([es256[-1] ^ 1]),
        es256[:26] + b"\x02" + es256[27:59],
        spki + b"\x00",
    ]
    keys = [[alg, one.hex(), "d2"] for alg in (ES256, EDDSA, -257) for one in (spki, es256, *odd)]
    swapped = CHECK.replace(
        "checkSign1(parseSign1(fromHex(raw)), await publicKey(alg, fromHex(spki)))",
        "publicKey(alg, fromHex(spki))",
    )
    wanted_keys = []
    for alg, text, _ in keys:
        try:
            public_key(int(alg), bytes.fromhex(str(text)))
            wanted_keys.append("")
        except MalanError as error:
            wanted_keys.append(error.code)
    assert script("/js/ledger/keys.js", swapped, keys) == wanted_keys
    assert wanted_keys.count("") == 2


SIGN = """async (sign, {iss, sub, aud}) => {
  const made = [];
  for (let n = 0; n < 24; n += 1) {
    const signer = await sign.webSigner(await sign.newKeyPair());
    const claims = sign.claimsOf({ iss, sub, aud });
    const nonce = new Uint8Array(32);
    const [asked, decided] = [{ id_number: "x", n: 7 }, { outcome: "approved" }];
    made.push([sign.hex(signer.public.spki),
      sign.hex(await sign.signRequest(signer, { name: "subsidy-check", claims, body: asked })),
      sign.hex(await sign.signStatement(signer, { kind: "claim-decided", claims, body: decided })),
      sign.hex(await sign.signSession(signer, { claims, host: "https://cert.malan.example", nonce })),
      sign.hex(await sign.signEnrolment(signer, claims))]);
  }
  return made;
}"""


def test_what_the_browser_signs_is_read_by_the_service(script: Script) -> None:
    """24 keys: half of all raw ES256 signatures are high-S, so one that forgot to normalise shows."""
    sub = f"officer/{hashlib.sha256(b'staff').hexdigest()[:32]}"
    made = script("/js/issuers/sign.js", SIGN, {"iss": "district-01", "sub": sub, "aud": "log.example"})
    for spki, request, statement, session, enrolment in made:
        key = public_key(ES256, bytes.fromhex(spki))
        asked = parse_request(bytes.fromhex(request), name="subsidy-check")
        assert asked.body == {"id_number": "x", "n": 7}
        check_sign1(asked.message, key)
        act = parse_statement(bytes.fromhex(statement))
        assert (act.kind, act.subject) == ("claim-decided", sub)
        check_sign1(act.message, key)
        signed_in = parse_sign1(bytes.fromhex(session))
        assert signed_in.content_type == "application/vnd.malan.session.v1+cbor" and signed_in.claims
        told = {"host": "https://cert.malan.example", "nonce": bytes(32), "time": signed_in.claims.iat}
        assert cbor.decode(signed_in.payload) == told
        check_sign1(signed_in, key)
        assert open_enrolment(bytes.fromhex(enrolment))[0].spki == key.spki
