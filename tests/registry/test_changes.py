"""GET /api/changes: every change of the lists between two published sizes, nothing beyond the checkpoint."""

from __future__ import annotations

from typing import Any

import pytest

from issuers.acts import KINDS
from issuers.sign.drafting import Speaker
from issuers.sign.drafting_certificates import void_parcel
from issuers.status import BYTES, VALUE_WORDS
from issuers.status_changes import AFTER
from ledger.leaf import parse_leaf
from registry.published import changes as feed
from tests.ground import on
from tests.registry.desk import Desk
from tests.registry.stage import Stage, item
from tests.registry.test_publishing import leaves, revoke, trust_of
from tests.world_parts import BODY


def ask(stage: Stage, since: int | str, **headers: str) -> Any:
    return stage.client.get(f"/api/changes?since={since}", headers=headers)


def followed(stage: Stage, since: int = 0) -> list[dict[str, Any]]:
    """All changes, read as a client reads them: on from the size it was told until there is no more."""
    found: list[dict[str, Any]] = []
    for _ in range(10_000):
        told = ask(stage, since).json()
        found += told["changes"]
        if told["size"] == since:
            return found
        since = told["size"]
    raise AssertionError("the feed does not end")


def lists_of(changes: list[dict[str, Any]]) -> dict[int, bytes]:
    """The status lists that a follower of the feed holds."""
    lists: dict[int, bytearray] = {}
    for change in changes:
        bits = lists.setdefault(change["list"], bytearray(BYTES))
        byte, shift = change["index"] // 4, 2 * (change["index"] % 4)
        bits[byte] = bits[byte] & ~(3 << shift) | VALUE_WORDS.index(change["state"]) << shift
    return {number: bytes(bits) for number, bits in lists.items()}


def with_a_life(desk: Desk) -> Stage:
    """Certificates of every state, and a number that was voided."""
    stage, ids = desk.stage, [one.item.certificate for one in desk.certified]
    revoke(stage, ids[0])
    revoke(stage, ids[1], "certificate-suspended")
    revoke(stage, ids[2], "certificate-suspended")
    revoke(stage, ids[2], "certificate-restored")
    stage.publish()
    return stage


def test_whoever_follows_holds_the_published_lists_to_the_bit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = with_a_life(desk)
    published = {number: one.bits for number, one in trust_of(stage).lists.items()}
    changes = followed(stage)
    assert lists_of(changes) == published
    assert [one["state"] for one in changes[-4:]] == ["revoked", "suspended", "suspended", "valid"]
    assert lists_of(changes[:-1]) != published  # negative control: one change left out is seen
    monkeypatch.setattr(feed, "STEP", 8)
    assert followed(stage) == changes


def test_a_voided_number_is_told(results: Stage) -> None:
    prepared = results.prepared()
    one = prepared.items[0]
    parcel = void_parcel(
        Speaker(results.world.people["signatory"].signer, BODY, results.world.origin),
        prepared.class_id,
        one,
        "not-collected",
        record_key=b"r" * 32,
        now_ms=results.hands.now_ms,
        fresh=b"f" * 10,
    )
    assert results.post_batch([item(parcel.statement, parcel.openings)])[0]["status"] == "appended"
    results.publish()
    (change,) = followed(results)
    assert (change["list"], change["index"], change["state"]) == (
        one.status_list,
        one.status_index,
        "revoked",
    )


def test_nothing_is_told_before_it_is_published_and_nothing_twice(desk: Desk) -> None:
    stage = desk.stage
    size = stage.publish()
    revoke(stage, desk.certified[0].item.certificate)
    told = ask(stage, size)
    assert told.json()["changes"] == [] and told.json()["size"] == size
    assert ask(stage, size + 1).json()["code"] == "SIZE_NOT_PUBLISHED"
    stage.publish()
    (change,) = ask(stage, size).json()["changes"]
    assert (change["seq"], change["state"]) == (size, "revoked")
    assert change["time_ms"] == parse_leaf(leaves(stage)[size]).time_ms
    assert ask(stage, size + 1).json()["changes"] == []


@on("sqlite")
def test_what_cannot_change_is_kept_for_ever_and_the_rest_is_asked_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "STEP", 64)
    whole, last = ask(desk.stage, 0), ask(desk.stage, desk.stage.size() // 64 * 64)
    assert "immutable" in whole.headers["cache-control"] and whole.json()["size"] == 64
    assert last.headers["cache-control"] == "no-cache"
    again = ask(desk.stage, whole.json()["since"], **{"if-none-match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    revoke(desk.stage, desk.certified[0].item.certificate)
    desk.stage.publish()
    newer = ask(desk.stage, last.json()["since"], **{"if-none-match": last.headers["etag"]})
    assert (newer.status_code, len(newer.json()["changes"])) == (200, len(last.json()["changes"]) + 1)


@on("sqlite")
def test_nothing_of_a_person_is_told(desk: Desk) -> None:
    stage = with_a_life(desk)
    text = ask(stage, 0).text
    for made in desk.certified:
        holder = stage.holder(made)
        for secret in (holder["name"], holder["id_number"], made.item.number, made.item.code):
            assert str(secret) not in text
    for change in ask(stage, 0).json()["changes"]:
        assert set(change) == {"seq", "time_ms", "list", "index", "state"}


@on("sqlite")
def test_a_size_that_is_none_is_refused(stage: Stage) -> None:
    stage.publish()
    for since in ("-1", "01", "1.0", "x", "99999999999999999999", ""):
        answer = ask(stage, since)
        assert (answer.status_code, answer.json()["code"]) == (400, "DECIMAL"), since
    assert ask(stage, 10**9).status_code == 404


def test_every_kind_of_act_about_certificates_has_its_row() -> None:
    """A new act that moves a certificate and is not told would leave every follower with an old state."""
    about = {kind for kind, _ in KINDS if kind.startswith(("certificate-", "number-"))}
    assert about == set(AFTER)
