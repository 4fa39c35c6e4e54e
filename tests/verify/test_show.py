"""`show`: every signed thing as JSON, told by its bytes alone, and never called verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import MalanError
from ledger.tiles import encode_bundle
from tests.verify.shown import claims_of, issued_world, proof_of
from tests.world import World
from verify.showing import describe


@pytest.fixture(scope="module")
def world() -> World:
    return issued_world()


def plain(data: bytes) -> dict[str, Any]:
    """The document, after a trip through JSON that must not change it."""
    document = describe(data)
    assert json.loads(json.dumps(document)) == document
    return document


def test_a_statement(world: World) -> None:
    said = world.said[world.certificates[0].seq]
    document = plain(said.raw)
    assert (document["type"], document["kind"], document["form"]) == (
        "statement",
        "certificate-issued",
        "known",
    )
    assert document["hash"] == said.hash.hex()
    assert document["issuer"] == said.issuer
    assert document["body"]["issued_on"] == "2026-03-13"
    assert document["signed"]["claims"]["cti"] == said.cti.hex()


def test_a_statement_of_an_unknown_kind_is_shown_as_such(world: World) -> None:
    document = plain(world.sign("moon-landed", "root-1", "log", {"when": 1969}))
    assert (document["kind"], document["form"], document["body"]) == (
        "moon-landed",
        "ACT_UNKNOWN",
        {"when": 1969},
    )


def test_a_leaf(world: World) -> None:
    document = plain(world.leaves[5])
    assert (document["type"], document["seq"]) == ("leaf", 5)
    assert document["statement"]["hash"] == world.said[5].hash.hex()


def test_a_credential(world: World) -> None:
    document = plain(world.credentials[0])
    claims = claims_of(world)
    assert (document["type"], document["name"], document["number"]) == (
        "credential",
        claims.name,
        claims.number,
    )
    assert document["expires_at"] is None


def test_a_proof_and_a_checkpoint(world: World) -> None:
    document = plain(proof_of(world))
    assert (document["type"], document["index"]) == ("proof", world.certificates[0].seq)
    assert document["leaf"]["statement"]["kind"] == "certificate-issued"
    assert plain(world.checkpoint()) == document["checkpoint"]
    assert document["checkpoint"]["size"] == len(world.leaves)
    assert len(document["checkpoint"]["signatures"]) == 12


def test_a_bundle(world: World) -> None:
    document = plain(world.bundle())
    assert (document["type"], document["origin"], document["size"]) == (
        "bundle",
        world.origin,
        len(world.leaves),
    )
    assert document["genesis"] == world.said[0].hash.hex()
    assert document["acts"][0]["kind"] == "genesis"
    assert document["lists"][0]["number"] == 1


def test_a_status_list_counts_its_places(world: World) -> None:
    from issuers.acts.certificates import CertificateRevoked, CertificateSuspended

    other = world.copy()
    for place, act in enumerate((CertificateRevoked("fraud"), CertificateSuspended("doubt"))):
        kind = "certificate-revoked" if place == 0 else "certificate-suspended"
        other.say(kind, "signatory", f"certificate/{other.certificates[place].id.hex()}", act)
    document = plain(other.status_list())
    assert document["type"] == "status list"
    assert document["places"] == {"valid": 2**20 - 2, "revoked": 1, "suspended": 1, "superseded": 0}


def test_a_receipt_and_an_enrolment(world: World) -> None:
    receipt = plain(world.receipt(3))
    assert (receipt["type"], receipt["seq"], receipt["origin"]) == ("receipt", 3, world.origin)
    person = world.people["signatory"]
    enrolment = plain(world.enrol(person))
    assert (enrolment["type"], enrolment["kid"]) == ("enrolment", person.signer.public.kid.hex())


@pytest.mark.parametrize("width", [1, 7, 154])
def test_a_tile_of_entries(world: World, width: int) -> None:
    document = plain(encode_bundle(world.leaves[:width]))
    assert (document["type"], document["width"]) == ("tile of entries", width)
    assert [leaf["seq"] for leaf in document["leaves"]] == list(range(width))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\xd2",
        b"\xd2\x84",
        b"\x00\x00",
        b"\x00\x01\x00",
        b"\x85\x01",
        bytes(600),
        b"\n\n\xe2\x80\x94 ",
    ],
)
def test_anything_else_is_refused_with_a_code(data: bytes) -> None:
    with pytest.raises(MalanError) as caught:
        describe(data)
    assert caught.value.code.isupper()


def test_no_changed_byte_raises_anything_but_an_error_of_ours(world: World) -> None:
    for data in (world.leaves[4], world.credentials[0], proof_of(world, cosigned=0), world.status_list()):
        for place in range(0, len(data), 3):
            try:
                describe(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
            except MalanError as error:
                assert error.code


def test_the_command_says_that_nothing_was_verified(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from verify.__main__ import main

    (tmp_path / "leaf").write_bytes(world.leaves[0])
    for options in ([], ["--json"]):
        monkeypatch.setattr("sys.argv", ["malan-verify", "show", str(tmp_path / "leaf"), *options])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert ended.value.code == 0
        assert json.loads(out)["verified"] is False
        assert "Nothing here was verified" in err
