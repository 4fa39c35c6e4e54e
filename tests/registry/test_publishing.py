"""Log, lists and bundle: all at one size, readable by the verifier, never going back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from issuers import carried
from issuers.acts.certificates import CertificateRestored, CertificateRevoked, CertificateSuspended
from issuers.authority.class_facts import CertificateFact
from issuers.bundle import open_bundle
from issuers.sign.drafting import Speaker
from issuers.sign.drafting_certificates import void_parcel
from issuers.status import REVOKED, SUSPENDED, VALID, compute_bits, open_status_list
from ledger.checkpoint import open_checkpoint
from ledger.errors import Refused, Unavailable
from ledger.leaf import leaf_hash, parse_leaf
from ledger.merkle import root
from ledger.note import parse_vkey
from ledger.policy import parse_policy
from ledger.proof import check_proof, parse_proof
from ledger.statement import parse_statement
from ledger.store import read_leaves
from ledger.tiles import TileReader
from registry.published import publishing
from registry.published.boot_gate import check_not_ahead
from registry.published.publishing import Publisher
from registry.storage.facts import TableView
from tests.ground import Ground
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, item
from tests.world_parts import BODY
from verify.trust import Pin, Trust, open_trust

ACTS = {
    "certificate-revoked": CertificateRevoked,
    "certificate-suspended": CertificateSuspended,
    "certificate-restored": CertificateRestored,
}


WHY = {
    "certificate-revoked": "fraud",
    "certificate-suspended": "investigation",
    "certificate-restored": "cleared",
}


def trust_of(stage: Stage) -> Trust:
    raw = stage.client.get("/trust.cbor").content
    return open_trust(raw, pin=Pin(stage.world.said[0].hash))


def leaves(stage: Stage) -> list[bytes]:
    with stage.service.database.reading() as connection:
        return read_leaves(connection, 0, stage.size())


def revoke(stage: Stage, certificate: bytes, kind: str = "certificate-revoked") -> None:
    act = ACTS[kind](WHY[kind])
    stage.world.now = stage.hands.now_ms
    raw = stage.world.sign(kind, "signatory", f"certificate/{certificate.hex()}", act)
    assert stage.post(raw).status_code == 200


def test_the_published_log_is_accepted_by_the_ledgers_readers(results: Stage) -> None:
    size = results.publish()
    home = results.service.settings.home
    key = parse_vkey((home / "log.vkey").read_text().removesuffix("\n"))
    note = results.client.get("/log/checkpoint").content
    opened = open_checkpoint(note, log_keys=[key])
    assert opened.checkpoint.size == size == len(results.world.leaves)
    assert opened.checkpoint.root == root([leaf_hash(one) for one in results.world.leaves])
    reader = TileReader(size=size, fetch=lambda path: results.client.get(f"/log/{path}").content)
    assert reader.root() == opened.checkpoint.root
    assert reader.bundle(0) == results.world.leaves
    assert parse_policy(results.client.get("/log/policy").content).log_keys == (key,)


@pytest.mark.parametrize("seq", [0, 1, 100, 143])
def test_a_proof_is_made_from_the_tiles_and_carries_the_leaf(stage: Stage, seq: int) -> None:
    stage.publish()
    proof = parse_proof(stage.client.get(f"/log/proof/{seq}").content)
    key = parse_vkey(stage.client.get("/log/vkey").text.removesuffix("\n"))
    assert proof.extra == stage.world.leaves[seq]
    check_proof(proof, leaf_hash=leaf_hash(stage.world.leaves[seq]), log_keys=[key])


@pytest.mark.parametrize("seq", ["144", "-1", "01", "1e2", "٣", "99999999999999999999"])
def test_a_proof_of_what_is_not_published_is_a_404(stage: Stage, seq: str) -> None:
    stage.publish()
    answer = stage.client.get(f"/log/proof/{seq}")
    assert (answer.status_code, answer.json()["code"]) == (404, "PROOF_NOT_PUBLISHED")


def test_the_bundle_is_believed_by_the_verifier_and_has_every_act_it_should(desk: Desk) -> None:
    trust = trust_of(desk.stage)
    assert trust.size == desk.stage.size()
    assert trust.hosts == {"https://cert.malan.example"}
    desks, _ = open_bundle(desk.stage.client.get("/acts.cbor").content, carried.ACTS)
    told, _ = open_bundle(desk.stage.client.get("/trust.cbor").content)
    assert replace(trust.bundle, acts=(), bodies=None, lists=()) == replace(desks, acts=())
    with desk.stage.service.database.reading() as connection:
        view = TableView(connection)
        for form, bundle in ((carried.TRUST, told), (carried.ACTS, desks)):
            expected = [
                (leaf.seq, leaf.time_ms, leaf.statement)
                for leaf in map(parse_leaf, leaves(desk.stage))
                if form.carries(view, parse_statement(leaf.statement))
            ]
            assert [(one.seq, one.time_ms, one.statement) for one in bundle.acts] == expected
    assert len(trust.bundle.acts) < len(told.acts) < len(desks.acts)


def test_the_lists_are_those_computed_from_the_facts_at_that_size(desk: Desk) -> None:
    ids = [one.item.certificate for one in desk.certified]
    revoke(desk.stage, ids[0])
    revoke(desk.stage, ids[1], "certificate-suspended")
    size = desk.stage.publish()
    key = desk.stage.world.service["status"].public
    told = open_status_list(desk.stage.client.get("/status/1").content, key)
    with desk.stage.service.database.reading() as connection:
        view = TableView(connection)
        facts = [view.get(CertificateFact, one.hex()) for one in ids]
    assert told.size == size
    assert told.bits == compute_bits([one for one in facts if one is not None], 1)
    values = [told.value(one.item.status_index) for one in desk.certified]
    assert values == [REVOKED, SUSPENDED, *[VALID] * (len(ids) - 2)]
    assert trust_of(desk.stage).lists[1] == told


def test_a_publisher_that_goes_on_says_the_same_as_a_new_one(desk: Desk) -> None:
    publisher = Publisher(desk.stage.service)
    publisher.run_once()
    revoke(desk.stage, desk.certified[0].item.certificate)
    publisher.run_once()
    files = [desk.stage.service.settings.home / form.file for form in carried.FORMS]
    kept = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()
    Publisher(desk.stage.service).run_once()
    assert [path.read_bytes() for path in files] == kept


@pytest.mark.parametrize(
    ("second", "value"), [("certificate-restored", VALID), ("certificate-revoked", REVOKED)]
)
def test_a_publisher_that_saw_a_suspension_sees_what_came_after_it(
    desk: Desk, second: str, value: int
) -> None:
    publisher, item = Publisher(desk.stage.service), desk.certified[0].item
    for kind in ("certificate-suspended", second):
        publisher.run_once()
        revoke(desk.stage, item.certificate, kind)
    publisher.run_once()
    assert trust_of(desk.stage).lists[item.status_list].value(item.status_index) == value


def test_reading_in_small_steps_says_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    revoke(desk.stage, desk.certified[0].item.certificate)
    desk.stage.publish()
    path = desk.stage.service.settings.home / "trust.cbor"
    kept = path.read_bytes()
    path.unlink()
    monkeypatch.setattr(publishing, "STEP", 7)
    desk.stage.publish()
    assert path.read_bytes() == kept


def test_lists_are_signed_anew_before_they_are_stale(desk: Desk) -> None:
    publisher = Publisher(desk.stage.service)
    publisher.run_once()
    home, ttl = desk.stage.service.settings.home, desk.stage.service.settings.status_ttl_seconds
    first = (home / "trust.cbor").read_bytes()
    desk.stage.hands.set(desk.stage.hands.now_ms + (ttl // 2 - 1) * 1000)
    publisher.run_once()
    assert (home / "trust.cbor").read_bytes() == first
    desk.stage.hands.set(desk.stage.hands.now_ms + 2_000)
    publisher.run_once()
    assert (home / "trust.cbor").read_bytes() != first
    assert trust_of(desk.stage).size == desk.stage.size()


def test_a_bundle_takes_up_cosignatures_that_come_later(desk: Desk) -> None:
    publisher = Publisher(desk.stage.service)
    publisher.run_once()
    path = desk.stage.service.settings.log_directory / "checkpoint"
    note = path.read_bytes() + "— witness.example/1 ".encode() + b"AAAAAAAAAAA=\n"
    path.write_bytes(note)
    publisher.run_once()
    assert trust_of(desk.stage).bundle.checkpoint == note


def test_no_bundle_is_made_under_a_key_nobody_enrolled(stage: Stage) -> None:
    secrets = replace(stage.service.secrets, status=stage.world.new_key("other"))
    Publisher(replace(stage.service, secrets=secrets)).run_once()
    assert not (stage.service.settings.home / "trust.cbor").exists()
    answer = stage.client.get("/trust.cbor")
    assert (answer.status_code, answer.json()["code"]) == (503, "NOT_PUBLISHED")


def test_one_process_publishes_at_a_time(stage: Stage) -> None:
    with publishing._only_one(stage.service) as mine:
        assert mine
        assert Publisher(stage.service).run_once() is None
    assert Publisher(stage.service).run_once() is not None


def lost_rows(stage: Stage, ground: Ground) -> None:
    """The database of an hour ago is put back, while the log went on."""
    stage.service.database.close()
    put_back = ground.keep(stage.service.settings)
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    stage.service.database.close()
    put_back()


def test_a_log_ahead_of_its_database_makes_the_service_read_only(stage: Stage, ground: Ground) -> None:
    check_not_ahead(stage.service)
    lost_rows(stage, ground)
    with pytest.raises(Unavailable, match="LOG_AHEAD"):
        check_not_ahead(stage.service)
    checkpoint = stage.client.get("/log/checkpoint").content
    with pytest.raises(Refused, match="PUBLISH_BACKWARDS"):
        stage.publish()
    answer = stage.post(dismissal(stage, "evaluator-1"))
    assert (answer.status_code, answer.json()["code"]) == (503, "LOG_AHEAD")
    assert stage.client.get("/log/checkpoint").content == checkpoint
    assert stage.client.get("/readyz").json()["error"] == "LOG_AHEAD"


def test_rows_that_depart_from_the_published_log_stop_the_service(stage: Stage, ground: Ground) -> None:
    lost_rows(stage, ground)
    assert stage.post(dismissal(stage, "evaluator-1")).status_code == 200  # nobody has noticed yet
    with pytest.raises(Exception, match="ROWS_DEPART"):
        stage.publish()
    assert stage.post(dismissal(stage, "evaluator-2")).json()["code"] == "LOG_AHEAD"


def test_the_place_of_a_voided_number_is_not_valid(results: Stage) -> None:
    prepared = results.prepared()
    void = void_parcel(
        Speaker(results.world.people["signatory"].signer, BODY, results.world.origin),
        prepared.class_id,
        prepared.items[0],
        "not-collected",
        record_key=b"r" * 32,
        now_ms=results.hands.now_ms,
        fresh=b"f" * 10,
    )
    assert results.post_batch([item(void.statement, void.openings)])[0]["status"] == "appended"
    results.publish()
    told = open_status_list(results.client.get("/status/1").content, results.world.service["status"].public)
    assert told.value(prepared.items[0].status_index) == REVOKED
    assert {told.value(one.status_index) for one in prepared.items[1:]} == {VALID}
