"""The operator's attacks: whoever holds log key and database, against the signatures and rights of others.

Each attack makes a log that hangs together (chain, tree, checkpoint, all signed anew); only what others
signed stands against it. For each there is a control that shows it pass once its detector looks away.
"""

from __future__ import annotations

import pytest

from issuers.acts.certificates import CertificateRevoked
from issuers.acts.parties import OfficerAppointed, OfficerDismissed
from issuers.acts.words import Duty
from issuers.authority import judge
from ledger.errors import MalanError
from tests.verify.logs import codes, forge, look, names, published, said_in, whole_world
from tests.world import World
from tests.world_parts import FIRST, LAST
from verify.audit import replay
from verify.audit.findings import Severity


@pytest.fixture
def world() -> World:
    return whole_world()


def place_of(world: World, kind: str, nth: int = 0) -> int:
    return [seq for seq, one in enumerate(world.said) if one.kind == kind][nth]


def revocation(world: World, **options: object) -> bytes:
    subject = f"certificate/{world.certificates[0].id.hex()}"
    return world.sign(
        "certificate-revoked", "signatory", subject, CertificateRevoked("issued-in-error"), **options
    )  # type: ignore[arg-type]


def test_a_sound_world_is_sound(world: World) -> None:
    report = look(world)
    assert (report.exit_code, names(report)) == (0, [])
    assert report.log is not None
    assert report.log.genesis == world.said[0].hash
    assert sum(report.kinds.values()) == len(world.leaves)


def test_an_act_the_service_invents_is_named(world: World) -> None:
    """A.3 row 13: a key of the service's own making speaks for the signatory."""
    raw = revocation(world, key=world.new_key("the service's"))
    report = look(forge(world, [*said_in(world), (world.now, raw)]))
    assert names(report) == [("KEY_UNKNOWN", "seq 181, certificate-revoked")]


def test_an_act_signed_with_the_services_own_enrolled_key_is_named(world: World) -> None:
    raw = revocation(world, key=world.service["receipt"])
    report = look(forge(world, [*said_in(world), (world.now, raw)]))
    assert names(report) == [("KEY_UNKNOWN", "seq 181, certificate-revoked")]


def test_a_statement_with_a_changed_byte_is_named(world: World) -> None:
    """A.3 row 3: the entry is edited and everything above it made anew."""
    said = said_in(world)
    seq = place_of(world, "certificate-issued")
    time_ms, raw = said[seq]
    changed = bytearray(raw)
    changed[-70] ^= 1  # inside the payload
    said[seq] = (time_ms, bytes(changed))
    found = names(look(forge(world, said)))
    assert found[0][1].startswith(f"seq {seq}")
    assert found[0][0] in ("SIGNATURE_BAD", "CBOR_NOT_CANONICAL", "CBOR_INVALID", "CBOR_TYPE")


def test_a_changed_signature_is_named(world: World) -> None:
    said = said_in(world)
    seq = place_of(world, "certificate-issued")
    time_ms, raw = said[seq]
    said[seq] = (time_ms, raw[:-1] + bytes([raw[-1] ^ 1]))
    assert ("SIGNATURE_BAD", f"seq {seq}, certificate-issued") in names(look(forge(world, said)))


def test_without_the_signature_check_it_passes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    said = said_in(world)  # negative control: nothing rests on the last sheet of a certificate
    seq = place_of(world, "claim-submitted")
    time_ms, raw = said[seq]
    said[seq] = (time_ms, raw[:-1] + bytes([raw[-1] ^ 1]))
    forged = forge(world, said)
    assert codes(look(forged)) == ["SIGNATURE_BAD"]
    monkeypatch.setattr(judge, "check_statement", lambda *_: None)
    assert codes(look(forged)) == []


def test_swapped_leaves_are_refused_by_the_rules(world: World) -> None:
    """A.3 row 17: two entries change places; chain and tree are signed anew."""
    said = said_in(world)
    one, other = place_of(world, "evaluation-confirmed"), place_of(world, "certificate-issued")
    said[one], said[other] = (said[one][0], said[other][1]), (said[other][0], said[one][1])
    found = names(look(forge(world, said)))
    assert ("EVALUATION_MISSING", f"seq {one}, certificate-issued") in found


def test_without_the_judge_the_swap_passes_the_replay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    said = said_in(world)
    one, other = place_of(world, "sheet", 0), place_of(world, "sheet", 1)
    said[one], said[other] = (said[one][0], said[other][1]), (said[other][0], said[one][1])
    forged = forge(world, said)
    assert ("SHEETS_OTHER", f"seq {other + 1}, evaluation-confirmed") in names(look(forged))
    monkeypatch.setattr(replay, "admit", without_order)
    assert codes(look(forged)) == []


def without_order(view: object, statement: object, **place: object) -> object:
    """The judge with one eye shut: order of sheets means nothing to it."""
    try:
        return judge.admit(view, statement, **place)  # type: ignore[arg-type]
    except MalanError as error:
        if error.code in ("SHEETS_OTHER", "EVALUATION_MISSING", "NOT_PASSED", "CERTIFICATE_UNKNOWN"):
            return []
        raise


def test_swapped_leaves_without_a_new_chain_are_named_by_the_chain(world: World) -> None:
    leaves = list(world.leaves)
    leaves[150], leaves[151] = leaves[151], leaves[150]
    forged = world.copy()
    forged.leaves = leaves
    found = names(look(forged))
    assert ("LEAF_SEQ", "seq 150") in found
    assert ("LEAF_SEQ", "seq 151") in found


def test_a_dropped_entry_is_missed_by_those_that_rest_on_it(world: World) -> None:
    said = said_in(world)
    del said[place_of(world, "evaluation-confirmed")]
    found = codes(look(forge(world, said)))
    assert found.count("EVALUATION_MISSING") == len(world.certificates)


def test_a_backdated_statement_is_named(world: World) -> None:
    """A.3 row 15: iat more than a day before the leaf."""
    raw = revocation(world, iat=world.now // 1000 - 86_401)
    report = look(forge(world, [*said_in(world), (world.now, raw)]))
    assert names(report) == [("STATEMENT_TIME", "seq 181, certificate-revoked")]


def test_a_statement_within_the_day_is_not(world: World) -> None:
    raw = revocation(world, iat=world.now // 1000 - 86_300)
    assert look(forge(world, [*said_in(world), (world.now, raw)])).exit_code == 0


def test_a_statement_for_another_log_is_named(world: World) -> None:
    raw = revocation(world, aud="log.malan.example/staging")
    report = look(forge(world, [*said_in(world), (world.now, raw)]))
    assert names(report) == [("AUDIENCE_OTHER", "seq 181, certificate-revoked, aud")]


def test_an_officer_beyond_its_duty_is_named(world: World) -> None:
    subject = f"certificate/{world.certificates[0].id.hex()}"
    raw = world.sign("certificate-revoked", "evaluator-1", subject, CertificateRevoked("error"))
    report = look(forge(world, [*said_in(world), (world.now, raw)]))
    assert names(report) == [("DUTY_MISSING", "seq 181, certificate-revoked")]


def reappointed(world: World) -> World:
    """The evaluator is dismissed; the operator then appends the old appointment a second time."""
    staff = world.people["evaluator-3"].staff
    subject, admin = f"officer/{staff.hex()}", "admin-body-shenlan"
    duties = (Duty.EVALUATOR,)
    old = world.say("officer-appointed", admin, subject, OfficerAppointed(duties, (), FIRST, LAST))
    world.say("officer-dismissed", admin, subject, OfficerDismissed("left"))
    return forge(world, [*said_in(world), (world.now, old.raw)])


def test_a_replayed_statement_is_named_with_its_first_place(world: World) -> None:
    """A.3 row 14: every rule would let it pass; only its id has been used before."""
    report = look(reappointed(world))
    assert names(report) == [("STATEMENT_TWICE", "seq 183, officer-appointed")]
    assert "seq 181" in report.findings[0].en


def test_without_the_id_check_the_replay_passes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(dict[bytes, int]):
        def setdefault(self, key: bytes, default: int = 0) -> int:
            return default

    made = replay.Replay.__init__

    def init(self: replay.Replay) -> None:
        made(self)
        self._ctis = Forgetful()

    forged = reappointed(world)
    monkeypatch.setattr(replay.Replay, "__init__", init)
    assert codes(look(forged)) == []


def test_an_unknown_kind_ends_in_could_not_check(world: World) -> None:
    raw = world.sign("class-audited", "signatory", "class/00", {"what": 1})
    report = look(forge(world, [*said_in(world), (world.now, raw)]))
    assert report.exit_code == 2
    assert names(report, Severity.COULD_NOT_CHECK) == [("KIND_UNKNOWN", "seq 181, class-audited v1")]


def test_an_unknown_version_ends_in_could_not_check(world: World) -> None:
    raw = revocation(world, version=2)
    report = look(forge(world, [*said_in(world), (world.now, raw)]))
    assert report.exit_code == 2


def test_after_an_unknown_kind_refusals_are_doubts_and_bad_signatures_stay_departures(world: World) -> None:
    unknown = world.sign("class-audited", "signatory", "class/00", {"what": 1})
    refused = revocation(world, aud="log.malan.example/staging")
    said = [*said_in(world), (world.now, unknown), (world.now, refused)]
    report = look(forge(world, said))
    assert report.exit_code == 2
    assert ("JUDGED_AFTER_GAP", "seq 182") in names(report, Severity.COULD_NOT_CHECK)
    honest = revocation(world)
    bad = honest[:-1] + bytes([honest[-1] ^ 1])
    report = look(forge(world, [*said, (world.now, bad)]))
    assert names(report) == [("SIGNATURE_BAD", "seq 183, certificate-revoked")]
    assert report.exit_code == 1


def test_an_unknown_kind_with_a_bad_signature_is_a_departure(world: World) -> None:
    raw = world.sign("class-audited", "signatory", "class/00", {"what": 1})
    raw = raw[:-1] + bytes([raw[-1] ^ 1])
    assert codes(look(forge(world, [*said_in(world), (world.now, raw)]))) == ["SIGNATURE_BAD"]


def test_a_kind_nobody_named_is_never_sound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = world.sign("class-audited", "signatory", "class/00", {"what": 1})  # negative control
    forged = forge(world, [*said_in(world), (world.now, raw)])
    monkeypatch.setattr(replay, "admit", lenient)
    assert look(forged).exit_code == 0


def lenient(view: object, statement: object, **place: object) -> object:
    try:
        return judge.admit(view, statement, **place)  # type: ignore[arg-type]
    except MalanError as error:
        if error.code == replay.UNKNOWN_KIND:
            return []
        raise


def test_one_altered_entry_does_not_put_the_blame_on_those_after_it(world: World) -> None:
    source = published(world)
    path = "tile/entries/000.p/181"
    data = bytearray(source.files[path])
    data[3_000] ^= 1  # somewhere in the first entries, on which everything rests
    source.files[path] = bytes(data)
    report = look(world, source=source)
    assert {code for code, _ in names(report)} <= {
        "ENTRY_ALTERED",
        "SIGNATURE_BAD",
        "LEAF_SHAPE",
        "CBOR_INVALID",
        "CBOR_NOT_CANONICAL",
        "COSE_SHAPE",
    }
    assert len({where.split(",")[0] for _, where in names(report)}) == 1
    assert "JUDGED_AFTER_GAP" in codes(report, Severity.COULD_NOT_CHECK)
