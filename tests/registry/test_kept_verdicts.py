"""What the service keeps to answer faster never answers for another moment, proof or bundle."""

from __future__ import annotations

import pytest

from ledger.errors import Unavailable
from registry.certificates import verifying
from tests.registry.desk import Desk
from tests.registry.stage import Stage, parcel_item


def _away(*_: object, **__: object) -> list[int]:
    raise Unavailable("DATABASE_LOST", "the database is gone")


def test_a_verdict_asked_again_follows_what_happened_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept of a verdict is kept for its second, its proof and its trust; nothing old is told."""
    stage, text = desk.stage, desk.certified[0].qr

    def state() -> tuple[str, str]:
        told = stage.client.post("/api/verify", json={"qr": text}).json()
        return told["state"], told["checked_at"]

    first = state()
    assert first[0] == "valid"
    assert state() == first, "the same second"
    stage.hands.set(stage.hands.now_ms + 1_000)
    later = state()
    assert (later[0], later[1] > first[1]) == ("valid", True)
    name = f"certificate/{desk.certified[0].item.certificate.hex()}"
    raw = stage.world.sign("certificate-revoked", "signatory", name, {"reason": "fraud"})
    assert stage.post(raw).status_code == 200
    stage.publish()
    with monkeypatch.context() as patch:
        patch.setattr(verifying, "seqs_about", _away)
        told = stage.client.post("/api/verify", json={"qr": text})
        assert (told.json()["state"], told.json()["life"]) == ("revoked", None), "the state stands"
    assert state()[0] == "revoked", "in the very second, under another bundle"
    told = stage.client.post("/api/verify", json={"qr": text})
    assert told.json()["life"]["reason"] == "fraud", "what could not be asked was not kept"


def test_what_was_not_logged_is_asked_for_again(results: Stage) -> None:
    prepared = results.prepared()
    made = results.certify(prepared, prepared.items[0])
    results.publish()
    assert results.client.post("/api/verify", json={"qr": made.qr}).json()["state"] == "could_not_check"
    assert results.post_batch([parcel_item(made)])[0]["status"] == "appended"
    results.publish()
    assert results.client.post("/api/verify", json={"qr": made.qr}).json()["state"] == "valid"
