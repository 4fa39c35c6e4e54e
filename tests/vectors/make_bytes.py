"""Makes bytes.json: keys, statements, commitments, leaves, receipts and credentials, byte for byte.

Typed in from ledger/SPEC.md and issuers/SPEC.md as naively as possible, without `ledger` and `issuers`; only
the signatures come from a library. Run `python tests/vectors/make_bytes.py` to write the file again; a test
compares it with what is generated, and another reads every line of it with the product.
In the JSON `{"hex": …}` stands for a byte string; all else is as it is signed. All people are invented.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

FILE = Path(__file__).with_name("bytes.json")
ORIGIN = "log.malan.example/vectors"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ES256, EDDSA = -7, -8
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def head(major: int, number: int) -> bytes:
    """RFC 8949 section 3, the shortest form."""
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError(number)


def cbor(value: Any) -> bytes:
    """RFC 8949 section 4.2.1: map keys in bytewise order of their encodings."""
    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    pairs = sorted((cbor(key), cbor(item)) for key, item in value.items())
    return head(5, len(pairs)) + b"".join(key + item for key, item in pairs)


def key_of(alg: int, secret: int) -> Key:
    if alg == ES256:
        return ec.derive_private_key(secret, ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.from_private_bytes(secret.to_bytes(32, "big"))


def spki(key: Key) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def sign(key: Key, message: bytes) -> bytes:
    """RFC 6979 and low-S, or RFC 8032."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


def sign1(key: Key, kind: str | int, payload: bytes, claims: dict[int, Any] | None = None) -> bytes:
    """ledger/SPEC.md section 2."""
    alg = ES256 if isinstance(key, ec.EllipticCurvePrivateKey) else EDDSA
    header: dict[int, Any] = {1: alg, 3: kind, 4: sha256(spki(key))[:8]}
    if claims is not None:
        header[15] = claims
    protected = cbor(header)
    signature = sign(key, cbor(["Signature1", protected, b"", payload]))
    return b"\xd2" + cbor([protected, {}, payload, signature])


def plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


KEYS = {"officer": (ES256, 7), "evaluator": (EDDSA, 11), "receipt": (ES256, 13), "issuer": (ES256, 17)}
CTIS = ["017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "019d0000-0000-7000-8000-000000000001"]
STATEMENTS: list[tuple[str, str, int, dict[str, Any], dict[str, Any]]] = [
    (
        "officer",
        "party-withdrawn",
        1,
        {"iss": "city", "sub": "party/school-x", "iat": 1_772_413_200, "cti": CTIS[0]},
        {"reason": "closed"},
    ),
    (
        "evaluator",
        "sheet",
        12,
        {"iss": "body-x", "sub": f"class/{'c1' * 16}", "iat": 0, "cti": CTIS[1]},
        {
            "roster": b"\x01" * 32,
            "entries": [{"candidate": b"\x02" * 32, "theory": b"\x03" * 32}],
            "汉字": [-1, 24, 256, 65_536, 2**32, -(2**63), 2**63 - 1, True, False, None, "", b""],
        },
    ),
    (
        "officer",
        "approve",
        1,
        {"iss": "city", "sub": f"statement/{'ab' * 32}", "iat": 2**40 - 1, "cti": CTIS[1]},
        {},
    ),
]
OPENINGS: list[tuple[bytes, dict[str, Any]]] = [
    (bytes(range(32)), {"name": "沈明", "id_type": "resident_id", "id_number": "310104198802290004"}),
    (b"\xff" * 32, {"candidate": bytes(range(16)), "attended": 40, "uscc": ""}),
]
CREDENTIALS: list[dict[str, Any]] = [
    {
        "iat": 1_773_367_200,
        "number": "C310104263001007000001",
        "code15": 123_456_789_012_345,
        "name": "沈明",
        "course": "创业初创期培训",
        "hours": 40,
        "status_list": 1,
        "status_index": 777_777,
        "last_four": "0004",
    },
    {
        "iat": 0,
        "exp": 2**40 - 1,
        "number": "J310151991999999999999",
        "code15": 0,
        "name": "买买提·艾合买提",
        "course": "Start-up",
        "hours": 2000,
        "status_list": 9999,
        "status_index": 2**20 - 1,
    },
]


def statements() -> list[dict[str, Any]]:
    made = []
    for signer, kind, version, said, body in STATEMENTS:
        cti = bytes.fromhex(said["cti"].replace("-", ""))
        claims = {1: said["iss"], 2: said["sub"], 3: ORIGIN, 6: said["iat"], 7: cti}
        content_type = f"application/vnd.malan.{kind}.v{version}+cbor"
        raw = sign1(key_of(*KEYS[signer]), content_type, cbor(body), claims)
        claimed = {**said, "aud": ORIGIN, "cti": cti.hex()}
        whole = {"key": signer, "kind": kind, "version": version, **claimed, "body": plain(body)}
        made.append({**whole, "statement": raw.hex(), "hash": sha256(raw).hex()})
    return made


def commitments() -> list[dict[str, Any]]:
    made = []
    for record_key, fields in OPENINGS:
        digests = {}
        for name, value in fields.items():
            salt = hmac.digest(record_key, b"malan/salt/1/" + name.encode() + b"\x01", "sha256")
            digests[name] = sha256(cbor(["malan/commitment/1", name, salt, value])).hex()
        opening = {"record_key": record_key.hex(), "fields": plain(fields)}
        made.append({**opening, "opening": cbor([record_key, fields]).hex(), "digests": digests})
    return made


def leaves() -> list[dict[str, Any]]:
    """The statements above, one after the other."""
    made, prev = [], sha256(ORIGIN.encode())
    for seq, item in enumerate(statements()):
        time_ms = 1_772_413_200_000 + seq
        leaf = cbor([1, seq, time_ms, prev, bytes.fromhex(item["statement"])])
        hash_ = sha256(b"\x00", leaf)
        made.append(
            {"seq": seq, "time_ms": time_ms, "prev": prev.hex(), "leaf": leaf.hex(), "hash": hash_.hex()}
        )
        prev = hash_
    return made


def receipts() -> list[dict[str, Any]]:
    made = []
    for leaf in leaves():
        payload = cbor([ORIGIN, leaf["seq"], bytes.fromhex(leaf["hash"]), leaf["time_ms"]])
        raw = sign1(key_of(*KEYS["receipt"]), "application/vnd.malan.receipt.v1+cbor", payload)
        made.append({"key": "receipt", "seq": leaf["seq"], "receipt": raw.hex()})
    return made


def mod_37_36(body: str) -> str:
    """ISO 7064, hybrid system."""
    check = 36
    for character in body:
        check = (check + ALPHABET.index(character)) % 36 or 36
        check = check * 2 % 37
    return ALPHABET[(37 - check) % 36]


def mod_11_10(body: str) -> str:
    """ISO 7064, hybrid system."""
    check = 10
    for character in body:
        check = (check + int(character)) % 10 or 10
        check = check * 2 % 11
    return str((11 - check) % 10)


def digits(data: bytes) -> str:
    """FIDO CTAP 2.2 section 11.5."""
    widths = {7: 17, 6: 15, 5: 13, 4: 10, 3: 8, 2: 5, 1: 3}
    groups = [data[place : place + 7] for place in range(0, len(data), 7)]
    return "".join(str(int.from_bytes(group, "little")).zfill(widths[len(group)]) for group in groups)


def credentials() -> list[dict[str, Any]]:
    made = []
    for item in CREDENTIALS:
        body, code15 = item["number"], f"{item['code15']:015d}"
        number, code = body + mod_37_36(body), code15 + mod_11_10(code15)
        packed = body[0].encode() + int(body[1:]).to_bytes(9, "big")
        private = [item["name"], item["course"], item["hours"], item["status_list"], item["status_index"]]
        private += [int(code), *([item["last_four"]] if "last_four" in item else [])]
        claims = {6: item["iat"], 7: packed, -70001: private}
        if "exp" in item:
            claims[4] = item["exp"]
        raw = sign1(key_of(*KEYS["issuer"]), 65010, cbor(claims))
        said = {key: value for key, value in item.items() if key != "code15"}
        qr = f"https://cert.malan.example/v/{code}#1{digits(raw)}"
        made.append(
            {"key": "issuer", **said, "number": number, "code": code, "credential": raw.hex(), "qr": qr}
        )
    return made


def spoiled() -> list[dict[str, str]]:
    """A statement and a credential, each spoiled in one way; no reader may take them."""
    honest = bytes.fromhex(statements()[0]["statement"])
    credential = bytes.fromhex(credentials()[0]["credential"])
    payload = cbor(cbor(STATEMENTS[0][4]))
    key = key_of(*KEYS["officer"])
    protected_at = honest.index(b"\xa4\x01\x26")
    r, s = honest[-64:-32], int.from_bytes(honest[-32:], "big")
    ways = {
        "without its tag": honest[1:],
        "tag 18 in two bytes": b"\xd8\x12" + honest[1:],
        "a byte after it": honest + b"\x00",
        "the mirrored signature (high S)": honest[:-64] + r + (P256_ORDER - s).to_bytes(32, "big"),
        "another algorithm claimed": honest[: protected_at + 2] + b"\x27" + honest[protected_at + 3 :],
        "something in the unprotected header": honest.replace(b"\xa0" + payload, b"\xa1\x05\x40" + payload),
        "a word of the payload changed": honest.replace(b"closed", b"opened"),
        "a subject changed": honest.replace(b"school-x", b"school-y"),
        "no claims": sign1(key, "application/vnd.malan.approve.v1+cbor", b"\xa0"),
        "a version with a leading zero": sign1(key, "application/vnd.malan.approve.v01+cbor", b"\xa0"),
        "indefinite length": b"\xd2\x9f" + honest[2:] + b"\xff",
    }
    made = [{"of": "statement", "how": how, "bytes": raw.hex()} for how, raw in ways.items()]
    other = credential.replace("沈明".encode(), "沈亮".encode())
    return [*made, {"of": "credential", "how": "another name", "bytes": other.hex()}]


def everything() -> dict[str, Any]:
    keys = []
    for name, (alg, secret) in KEYS.items():
        der = spki(key_of(alg, secret))
        keys.append(
            {"name": name, "alg": alg, "secret": secret, "spki": der.hex(), "kid": sha256(der)[:8].hex()}
        )
    return {
        "origin": ORIGIN,
        "keys": keys,
        "statements": statements(),
        "commitments": commitments(),
        "leaves": leaves(),
        "receipts": receipts(),
        "credentials": credentials(),
        "spoiled": spoiled(),
    }


def text() -> str:
    return json.dumps(everything(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
