"""The golden bytes: made by a naive writer of its own, read here with the product, line by line."""

from __future__ import annotations

import hashlib
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from issuers.credential import Credential, check_credential, parse_credential, sign_credential
from issuers.qr import make_text, parse_text
from ledger.commitment import Opening, check_opening, commit, decode_opening, encode_opening
from ledger.cose import Claims
from ledger.errors import MalanError
from ledger.fsck import check_log
from ledger.keys import ES256, PublicKey, SoftwareSigner, from_seed, public_key
from ledger.leaf import Leaf, encode_leaf, leaf_hash, parse_leaf
from ledger.receipt import Receipt, open_receipt, sign_receipt
from ledger.statement import check_statement, parse_statement, sign_statement

FOLDER = Path(__file__).parents[1] / "vectors"
FILE = json.loads((FOLDER / "bytes.json").read_text(encoding="utf-8"))
HOST = "https://cert.malan.example"


def unplain(value: Any) -> Any:
    """Byte strings stand in JSON as {"hex": …}."""
    if isinstance(value, list):
        return [unplain(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {"hex"}:
            return bytes.fromhex(value["hex"])
        return {key: unplain(item) for key, item in value.items()}
    return value


def signer(name: str) -> SoftwareSigner:
    key = next(key for key in FILE["keys"] if key["name"] == name)
    if key["alg"] == ES256:
        return from_seed(
            ES256, (key["secret"] - 1).to_bytes(48, "big")
        )  # the seed is reduced and counted from 1
    return from_seed(key["alg"], key["secret"].to_bytes(32, "big"))


def enrolled(name: str) -> PublicKey:
    key = next(key for key in FILE["keys"] if key["name"] == name)
    return public_key(key["alg"], bytes.fromhex(key["spki"]))


def test_the_file_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(FOLDER / "make_bytes.py"))
    assert script["text"]() == (FOLDER / "bytes.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", FILE["keys"], ids=lambda key: key["name"])
def test_keys(key: dict[str, Any]) -> None:
    assert signer(key["name"]).public == enrolled(key["name"])
    assert enrolled(key["name"]).kid.hex() == key["kid"]


@pytest.mark.parametrize("item", FILE["statements"], ids=lambda item: item["kind"])
def test_statements(item: dict[str, Any]) -> None:
    raw = bytes.fromhex(item["statement"])
    found = parse_statement(raw)
    check_statement(found, enrolled(item["key"]))
    claims = Claims(item["iss"], item["sub"], item["aud"], item["iat"], bytes.fromhex(item["cti"]))
    assert (found.kind, found.version, found.hash.hex()) == (item["kind"], item["version"], item["hash"])
    assert (found.message.claims, found.body) == (claims, unplain(item["body"]))
    again = sign_statement(
        signer(item["key"]),
        kind=item["kind"],
        version=item["version"],
        claims=claims,
        body=unplain(item["body"]),
    )
    assert again == raw


@pytest.mark.parametrize("item", FILE["commitments"])
def test_commitments(item: dict[str, Any]) -> None:
    opening = Opening(bytes.fromhex(item["record_key"]), unplain(item["fields"]))
    digests = {name: bytes.fromhex(digest) for name, digest in item["digests"].items()}
    assert commit(opening) == digests
    assert encode_opening(opening).hex() == item["opening"]
    check_opening(decode_opening(bytes.fromhex(item["opening"])), digests)


@pytest.mark.parametrize("item", FILE["leaves"], ids=lambda item: str(item["seq"]))
def test_leaves(item: dict[str, Any]) -> None:
    data = bytes.fromhex(item["leaf"])
    statement = bytes.fromhex(FILE["statements"][item["seq"]]["statement"])
    leaf = Leaf(item["seq"], item["time_ms"], bytes.fromhex(item["prev"]), statement)
    assert parse_leaf(data) == leaf
    assert encode_leaf(leaf) == data
    assert leaf_hash(data).hex() == item["hash"]


def test_the_leaves_are_a_sound_log() -> None:
    found = check_log(FILE["origin"], [bytes.fromhex(item["leaf"]) for item in FILE["leaves"]])
    assert found.head.hex() == FILE["leaves"][-1]["hash"]


@pytest.mark.parametrize("item", FILE["receipts"], ids=lambda item: str(item["seq"]))
def test_receipts(item: dict[str, Any]) -> None:
    leaf = FILE["leaves"][item["seq"]]
    promise = Receipt(FILE["origin"], leaf["seq"], bytes.fromhex(leaf["hash"]), leaf["time_ms"])
    assert open_receipt(bytes.fromhex(item["receipt"]), enrolled(item["key"])) == promise
    assert sign_receipt(promise, signer(item["key"])).hex() == item["receipt"]


@pytest.mark.parametrize("item", FILE["credentials"], ids=lambda item: item["number"])
def test_credentials(item: dict[str, Any]) -> None:
    raw = bytes.fromhex(item["credential"])
    credential = Credential(
        issued_at=item["iat"],
        number=item["number"],
        code=item["code"],
        name=item["name"],
        course=item["course"],
        hours=item["hours"],
        status_list=item["status_list"],
        status_index=item["status_index"],
        expires_at=item.get("exp"),
        last_four=item.get("last_four"),
    )
    found = parse_credential(raw)
    check_credential(found, enrolled(item["key"]))
    assert found.claims == credential
    assert sign_credential(credential, signer(item["key"])) == raw
    assert make_text(host=HOST, code=item["code"], credential=raw) == item["qr"]
    assert parse_text(item["qr"], hosts=frozenset({HOST})).credential == raw


@pytest.mark.parametrize("item", FILE["spoiled"], ids=lambda item: f"{item['of']}, {item['how']}")
def test_spoiled_ones_are_refused(item: dict[str, Any]) -> None:
    raw = bytes.fromhex(item["bytes"])
    honest = FILE[f"{item['of']}s"][0]
    assert hashlib.sha256(raw).hexdigest() != hashlib.sha256(bytes.fromhex(honest[item["of"]])).hexdigest()
    with pytest.raises(MalanError):
        if item["of"] == "statement":
            check_statement(parse_statement(raw), enrolled("officer"))
        else:
            check_credential(parse_credential(raw), enrolled("issuer"))
