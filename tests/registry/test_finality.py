"""Witnesses of the running service: appointed by act, their lines taken, and what a quorum makes final."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from issuers.acts.certificates import ClaimDecided
from issuers.acts.words import Outcome
from issuers.base64url import from_b64
from ledger.checkpoint import Cosigner, cosign
from ledger.note import Note, parse_note
from ledger.policy import parse_policy
from ledger.proof import parse_proof
from registry.certificates.verifying import read_trust
from registry.fsck.run import check
from registry.published.finality import quorum_now
from registry.published.publishing import Publisher
from registry.published.standing import entry_standing
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal
from tests.registry.witnessed import appoint, bring, cosigned
from tests.world_exports import witnesses


def quorum_size(stage: Stage) -> int | None:
    with stage.service.database.reading() as connection:
        return quorum_now(stage.service, connection).size


def policy_named(stage: Stage) -> tuple[int, int]:
    """Witnesses and quorum of policy.txt and of the bundle, which agree."""
    text = (stage.service.settings.home / "policy.txt").read_bytes()
    trust = read_trust(stage.service)
    assert trust.bundle.policy.encode() == text
    policy = parse_policy(text)
    return policy.witness_count, policy.needed


def test_without_witnesses_nothing_is_taken_and_nothing_is_final(stage: Stage) -> None:
    stage.publish()
    assert (policy_named(stage), quorum_size(stage)) == ((0, 0), None)
    answer = bring(stage, cosigned(stage, witnesses()))
    assert (answer.status_code, answer.json()["code"]) == (409, "NO_WITNESSES")


def test_a_hand_written_policy_is_not_believed(stage: Stage) -> None:
    path = stage.service.settings.home / "policy.txt"
    path.write_bytes(stage.world.policy())
    stage.publish()
    assert policy_named(stage) == (0, 0)


def test_lines_that_come_late_change_no_term_that_began(stage: Stage) -> None:
    """Else a set that was passed over would judge the sizes in between: what was final there, no more."""
    appoint(stage, count=3, quorum=2)
    appoint(stage, count=4, quorum=3)
    late = cosigned(stage, witnesses()[:3])
    appoint(stage, count=5, quorum=3)
    assert bring(stage, cosigned(stage, witnesses()[:3])).status_code == 200
    stage.publish()
    kept = stage.service.witnessed.handovers()
    assert (policy_named(stage), len(kept)) == ((5, 3), 1)
    assert bring(stage, late).json()["final"] is True  # the lines themselves are taken
    assert stage.service.witnessed.handovers() == kept


def test_ten_of_sixteen_are_not_final_and_eleven_are(stage: Stage) -> None:
    appoint(stage)
    assert (policy_named(stage), quorum_size(stage)) == ((16, 11), 0)
    for count, final in ((4, False), (10, False), (11, True), (16, True)):
        answer = bring(stage, cosigned(stage, witnesses()[:count]))
        assert answer.status_code == 200, answer.text
        told = {"size": stage.size(), "cosigned": count, "witnesses": 16, "needed": 11, "final": final}
        assert answer.json() == told
        assert quorum_size(stage) == (stage.size() if final else 0)
    full = parse_note((stage.service.settings.log_directory / "checkpoint.full").read_bytes())
    assert len(full.signatures) == 17
    stage.publish()
    assert read_trust(stage.service).checkpoint.cosignatures  # the bundle shows them too


def test_lines_that_come_one_by_one_and_again_add_up(stage: Stage) -> None:
    appoint(stage)
    for count, one in enumerate(witnesses()[:12], start=1):
        assert bring(stage, cosigned(stage, [one])).json()["cosigned"] == count
    assert bring(stage, cosigned(stage, witnesses()[:3])).json()["cosigned"] == 12


def other_text(stage: Stage, note: bytes) -> bytes:
    text = parse_note(note).text.replace(f"\n{stage.size()}\n", f"\n{stage.size() + 1}\n")
    one = witnesses()[0]
    return Note(text, (cosign(text, one, time=stage.hands.now_ms // 1000),)).render()


def flipped(_: Stage, note: bytes) -> bytes:
    opened = parse_note(note)
    line = opened.signatures[0]
    bad = type(line)(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    return Note(opened.text, (bad,)).render()


def by_a_stranger(stage: Stage, _: bytes) -> bytes:
    stranger = Cosigner("witness.example/310101", witnesses()[1].private_key)
    return cosigned(stage, [stranger])


LIES: dict[str, tuple[Callable[[Stage, bytes], bytes], int, str]] = {
    "another size": (other_text, 409, "CHECKPOINT_OTHER"),
    "a flipped bit": (flipped, 401, "SIGNATURE"),
    "a key outside the policy": (by_a_stranger, 401, "WRONG_KEY"),
    "no line but the log's": (lambda stage, _: stage.service.log.checkpoint(), 422, "COSIGNATURES_NONE"),
    "no note": (lambda _, __: b"hello", 400, "NOTE_SHAPE"),
    "too much": (lambda _, note: note + b"x" * 40_000, 413, "BODY_SIZE"),
}


@pytest.mark.parametrize("name", LIES)
def test_what_is_no_line_of_a_witness_over_our_checkpoint_is_refused(stage: Stage, name: str) -> None:
    appoint(stage, count=3, quorum=2)
    lie, status, code = LIES[name]
    answer = bring(stage, lie(stage, cosigned(stage, witnesses()[:1])))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert bring(stage, cosigned(stage, witnesses()[:1])).json()["cosigned"] == 1  # the control


def test_json_is_no_note(stage: Stage) -> None:
    answer = stage.client.post("/api/cosignatures", json={})
    assert (answer.status_code, answer.json()["code"]) == (415, "BODY_TYPE")


def test_a_line_that_comes_after_the_next_checkpoint_still_counts(stage: Stage) -> None:
    appoint(stage, count=3, quorum=2)
    earlier, size = stage.service.log.checkpoint(), stage.size()
    appoint(stage, count=4, quorum=3)  # the log goes on
    assert stage.size() > size
    answer = bring(stage, cosigned(stage, witnesses()[:2], note=earlier))
    assert answer.json()["final"] and quorum_size(stage) == size
    assert len(parse_note(stage.service.log.checkpoint()).signatures) == 1  # it is not over this one


def test_a_new_set_waits_for_the_old_quorum(stage: Stage) -> None:
    appoint(stage, count=3, quorum=2)
    appoint(stage, first=2, count=5, quorum=3)
    assert policy_named(stage) == (3, 2)
    old, new = witnesses()[:3], witnesses()[2:7]
    assert bring(stage, cosigned(stage, new[1:])).json()["code"] == "WRONG_KEY"
    assert bring(stage, cosigned(stage, old[:1])).json()["final"] is False
    stage.publish()
    assert policy_named(stage) == (3, 2)  # the control: one of three is no quorum
    assert bring(stage, cosigned(stage, old[1:2])).json()["final"] is True
    stage.publish()
    assert policy_named(stage) == (5, 3)
    assert len(read_trust(stage.service).bundle.handovers or ()) == 1
    assert check(stage.service).departures == ()
    handed = stage.size()
    assert quorum_size(stage) == handed
    # From the next size on the new witnesses are asked, and the old ones are strangers.
    appoint(stage, first=2, count=5, quorum=3)
    assert bring(stage, cosigned(stage, old[:1])).json()["code"] == "WRONG_KEY"
    assert bring(stage, cosigned(stage, new[:3])).json()["final"] is True
    assert quorum_size(stage) == stage.size() > handed


def test_lines_are_shown_though_the_process_died_before_it_showed_them(stage: Stage) -> None:
    appoint(stage, count=3, quorum=2)
    path = stage.service.settings.log_directory / "checkpoint"
    bare = path.read_bytes()
    bring(stage, cosigned(stage, witnesses()[:2]))
    for name in ("checkpoint", "checkpoint.full"):
        path.with_name(name).write_bytes(bare)
    Publisher(stage.service).run_once()
    assert len(parse_note(path.read_bytes()).signatures) == 3


def test_the_proof_of_an_entry_is_under_the_quorum_when_there_is_one(desk: Desk) -> None:
    stage = desk.stage
    appoint(stage, count=3, quorum=2)
    text = desk.certified[0].qr
    seen: dict[str, Any] = {}
    for count, final in ((1, False), (2, True)):
        bring(stage, cosigned(stage, witnesses()[:count]))
        stage.publish()
        seen = stage.client.post("/api/verify", json={"qr": text}).json()
        assert (seen["state"], seen["final"], seen["cosigned"]) == ("valid", final, count)
    size = stage.size()
    appoint(stage, count=3, quorum=2)  # the log goes on, nobody has cosigned the new checkpoint yet
    stage.hands.set(stage.hands.now_ms + 2_000)
    seen = stage.client.post("/api/verify", json={"qr": text}).json()
    assert (seen["final"], seen["cosigned"], seen["witnesses"]) == (True, 2, 3)
    answer = stage.client.get(f"/api/certificates/{desk.certified[0].item.code}").json()
    assert answer["witnessed"] == {"stage": "final", "cosigned": 2, "witnesses": 3, "needed": 2}
    proof = parse_proof(from_b64(answer["proof"], bytes_max=100_000, where="proof"))
    assert f"\n{size}\n".encode() in proof.checkpoint


def decided(desk: Desk, claim: bytes) -> httpx.Response:
    return desk.say(
        "claim-decided", "reviewer-310104", claim, ClaimDecided(Outcome.APPROVED, (), 180_000, False)
    )


def claimed(desk: Desk) -> bytes:
    prepared = desk.prepared()
    answer = desk.submit(desk.claim(prepared))
    assert answer.status_code == 200, answer.text
    return prepared.claim


def rule_of(told: Any, rule: str) -> tuple[str, str]:
    return next((one["answer"], one["code"]) for one in told["findings"] if one["rule"] == rule)


def test_a_claim_is_paid_only_when_it_is_final(desk: Desk) -> None:
    stage = desk.stage
    appoint(stage, count=3, quorum=2)
    assert rule_of(desk.check(desk.body()).json(), "R2") == ("UNKNOWN", "NOT_FINAL")
    bring(stage, cosigned(stage, witnesses()[:2]))
    stage.hands.set(stage.hands.now_ms + 2_000)
    told = desk.check(desk.body()).json()
    assert (rule_of(told, "R2"), told["outcome"]) == (("PASS", "CERTIFICATE_VALID"), "PASS")
    claim = claimed(desk)  # which is in the log, and under no quorum yet
    stage.publish()
    answer = decided(desk, claim)
    assert (answer.status_code, answer.json()["code"]) == (422, "NOT_FINAL")
    bring(stage, cosigned(stage, witnesses()[:1]))
    assert decided(desk, claim).json()["code"] == "NOT_FINAL"
    bring(stage, cosigned(stage, witnesses()[1:2]))
    assert decided(desk, claim).json()["state"] == "approved"


def test_a_rejection_waits_for_nobody(desk: Desk) -> None:
    appoint(desk.stage, count=3, quorum=2)
    claim = claimed(desk)
    act = ClaimDecided(Outcome.REJECTED, ("ROLE_NOT_HELD",), 0, True)
    assert desk.say("claim-decided", "reviewer-310104", claim, act).json()["state"] == "rejected"


def test_where_nobody_witnesses_money_waits_for_nobody_and_the_answer_says_so(desk: Desk) -> None:
    told = desk.check(desk.body()).json()
    assert (rule_of(told, "R2"), told["outcome"]) == (("PASS", "CERTIFICATE_UNWITNESSED"), "PASS")
    assert decided(desk, claimed(desk)).json()["state"] == "approved"


def test_an_entry_goes_from_recorded_to_published_to_final(stage: Stage) -> None:
    appoint(stage, count=3, quorum=2)
    assert stage.post(dismissal(stage)).status_code == 200
    seq = stage.size() - 1
    assert entry_standing(stage.service, seq)["stage"] == "recorded"
    stage.publish()
    none = {"stage": "published", "cosigned": 0, "witnesses": 3, "needed": 2}
    assert entry_standing(stage.service, seq) == none
    bring(stage, cosigned(stage, witnesses()[:1]))
    assert entry_standing(stage.service, seq) == {**none, "cosigned": 1}
    bring(stage, cosigned(stage, witnesses()[1:3]))
    assert entry_standing(stage.service, seq) == {**none, "stage": "final", "cosigned": 3}


def test_where_nobody_witnesses_an_entry_is_published_and_no_more(stage: Stage) -> None:
    stage.publish()
    told = {"stage": "published", "cosigned": 0, "witnesses": 0, "needed": 0}
    assert entry_standing(stage.service, 0) == told
