"""Cases of trust: bundle, key, signature, code, issuer, proof and key safety, most of them forged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.acts.erasures import EntryPlace, ErasureOrder, ErasureReason
from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.bundle import BYTES_MAX, Bundle, open_bundle, sign_bundle
from issuers.carried import ACTS
from issuers.credential import parse_credential, sign_credential
from issuers.identifiers.codes import make_number, parse_number
from issuers.shape import from_map
from ledger import cbor
from ledger.checkpoint import Checkpoint, cosign
from ledger.cose import parse_sign1
from ledger.keys import SoftwareSigner
from ledger.note import NoteSigner, parse_note, sign_note
from ledger.proof import Proof, parse_proof
from ledger.statement import parse_statement
from tests.vectors.case_bytes import parts_of
from tests.vectors.case_form import Case, Evidences, context, judged, stopped, text_of
from tests.vectors.case_positive import clock, resigned
from tests.vectors.make_bytes import P256_ORDER
from tests.vectors.make_bytes import cbor as naive
from tests.world import World
from tests.world_exports import log_signer


def cases(evidence: Evidences) -> Iterator[Case]:
    yield from keys(evidence)
    yield from issuers(evidence)
    yield from proofs(evidence)
    yield from stolen(evidence)
    yield from bundles(evidence)
    yield from said_wrongly(evidence)


def signed_by(evidence: Evidences, signer: SoftwareSigner) -> bytes:
    """The first certificate's claims, signed by somebody."""
    claims = parse_credential(evidence.scene.certificates["valid"].credential).claims
    return sign_credential(claims, signer)


def keys(evidence: Evidences) -> Iterator[Case]:
    """Unknown keys, signatures that do not hold, and the code of another certificate."""
    world, certificate = evidence.scene.base, evidence.scene.certificates["valid"]
    seen, raw, code = context(clock(evidence)), certificate.credential, certificate.code
    protected, _, payload, signature = parts_of(raw)
    stranger = signed_by(evidence, world.new_key("stranger"))
    yield stopped("K01", "a key nobody enrolled", seen, "key", cose=stranger, code=code)
    service = signed_by(evidence, world.service["status"])
    yield stopped("K02", "a key of the service", seen, "key", cose=service, code=code)
    registrar = signed_by(evidence, world.people["registrar"].signer)
    yield stopped(
        "K03",
        "the key of an institution, whose people no bundle names",
        seen,
        "key",
        cose=registrar,
        code=code,
    )

    def framed(head: bytes, body: bytes, sealed: bytes) -> bytes:
        return b"\xd2" + naive([head, {}, body, sealed])

    high = signature[:32] + (P256_ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    flipped = signature[:-1] + bytes([signature[-1] ^ 1])
    renamed = payload.replace("沈明".encode(), "沈朋".encode())
    eddsa = protected.replace(b"\x01\x26", b"\x01\x27")
    rows = [
        ("S01", "one bit of the signature changed", framed(protected, payload, flipped)),
        ("S02", "the other form of the signature: high S", framed(protected, payload, high)),
        ("S03", "a signature of zeros", framed(protected, payload, bytes(64))),
        ("S04", "another name", framed(protected, renamed, signature)),
        ("S05", "the algorithm of another type of key", framed(eddsa, payload, signature)),
        ("S06", "r and s swapped", framed(protected, payload, signature[32:] + signature[:32])),
    ]
    for name, title, cose in rows:
        assert cose != raw
        yield stopped(name, title, seen, "signature", cose=cose, code=code)
    other = evidence.scene.certificates["long"].code
    yield stopped("O01", "the code of another certificate in the path", seen, "code", cose=raw, code=other)
    mistyped = code[:-1] + str((int(code[-1]) + 1) % 10)
    yield stopped("O02", "a code that is none in the path", seen, "code", cose=raw, code=mistyped)


def issuers(evidence: Evidences) -> Iterator[Case]:
    """Who may say it, as it stood at the moment of issue."""
    scene, now = evidence.scene, clock(evidence)
    windows = scene.windows

    def out(name: str, title: str, seen: Case, cose: bytes, **how: object) -> Case:
        return judged(name, title, seen, cose, "out_of_scope", fails=["issuer"], **how)

    number = parse_number(scene.certificates["valid"].number)
    others = make_number(replace(number, issuer3=8))
    yield out(
        "I01", "the number carries another body's code", context(now), resigned(evidence, number=others)
    )
    stage = make_number(replace(number, stage=number.stage % 4 + 1))
    yield out("I02", "a stage no standard has", context(now), resigned(evidence, number=stage))
    yield out("I03", "a course nobody published", context(now), resigned(evidence, course="创业成长期培训"))
    yield out("I04", "other hours than the standard's", context(now), resigned(evidence, hours=41))
    yield out("I05", "signed by an evaluator", context(now), resigned(evidence, who="evaluator-1"))
    before = resigned(evidence, issued_at=scene.base.times[2] // 1000 - 400)
    yield out("I06", "older than the key's enrolment", context(now), before)
    differs = scene.certificates["differs"]
    proof = evidence.proof_of("cert:differs")
    yield out("I07", "the log names another place in the list", context(now, proof=proof), differs.credential)
    last = scene.later.now // 1000
    for name, title, label, state in (
        ("I08", "the signatory was narrowed to another project", "narrowed", "out_of_scope"),
        ("I09", "the signatory's appointment is whole again", "whole", "valid"),
        ("I10", "the body was suspended", "suspended", "out_of_scope"),
        ("I11", "the body was appointed anew", "appointed", "valid"),
    ):
        cose = resigned(evidence, issued_at=windows[label])
        fails = ["issuer"] if state != "valid" else []
        yield judged(name, title, context(last, "later"), cose, state, fails=fails)
    after = resigned(evidence, issued_at=windows["rotated"])
    seen = context(last, "later")
    yield judged("I12", "signed after the key was rotated", seen, after, "out_of_scope", fails=["key_safety"])
    proven = context(last, "later", proof=evidence.proof_of("cert:valid"))
    yield judged("I13", "signed and logged before all that", proven, scene.certificates["valid"].credential)


def cosigned(evidence: Evidences, label: str, world: str, *times: int) -> bytes:
    """The proof of a certificate, one witness for each time (seconds)."""
    shown = getattr(evidence.scene, world)
    proof = parse_proof(shown.proof(evidence.scene.certificates[label].seq, cosigned=0))
    note = parse_note(proof.checkpoint)
    lines = [cosign(note.text, one, time=at) for one, at in zip(shown.witnesses, times, strict=False)]
    return replace(proof, checkpoint=note.with_lines(lines).render()).render()


def proofs(evidence: Evidences) -> Iterator[Case]:
    """Proofs that do not hold: no sign of anything, and no proof."""
    scene, now = evidence.scene, clock(evidence)
    raw, world = scene.certificates["valid"].credential, scene.base
    good: Proof = parse_proof(world.proof(scene.certificates["valid"].seq, cosigned=2))

    def bad(name: str, title: str, made: Proof) -> Case:
        seen = context(now, proof=evidence.proof(f"{name}: {title}", made.render()))
        return judged(name, title, seen, raw, "could_not_check", complete=False)

    other = world.proof(scene.certificates["long"].seq, cosigned=2)
    yield bad("G01", "the proof of another certificate", parse_proof(other))
    first = bytes([good.hashes[0][0] ^ 1]) + good.hashes[0][1:]
    yield bad("G02", "one bit of one hash", replace(good, hashes=(first, *good.hashes[1:])))
    yield bad("G03", "a hash is missing", replace(good, hashes=good.hashes[:-1]))
    yield bad("G04", "a hash too many", replace(good, hashes=(*good.hashes, good.hashes[0])))
    yield bad("G05", "another index", replace(good, index=good.index + 1))
    text = parse_note(good.checkpoint).text
    key = world.new_key("log", -8).raw_ed25519()
    stranger = NoteSigner(world.origin, Ed25519PrivateKey.from_private_bytes(key))
    yield bad("G06", "a checkpoint under another key", replace(good, checkpoint=sign_note(text, [stranger])))
    forked = Checkpoint(world.origin, len(world.leaves), bytes(32)).body()
    note = sign_note(forked, [log_signer(world)])
    yield bad(
        "G07", "another root at the bundle's size, by the log's own key", replace(good, checkpoint=note)
    )
    assert good.extra is not None
    bare = replace(good, extra=None)
    yield bad("G08", "a proof without its entry", bare)
    lines = parse_note(good.checkpoint)
    spoiled = lines.signatures[1]
    changed = replace(spoiled, signature=spoiled.signature[:-1] + bytes([spoiled.signature[-1] ^ 1]))
    broken = replace(lines, signatures=(lines.signatures[0], changed, *lines.signatures[2:])).render()
    yield bad(
        "G09", "a cosignature of a known witness that does not verify", replace(good, checkpoint=broken)
    )


def stolen(evidence: Evidences) -> Iterator[Case]:
    """Step 10: the key was compromised, by its party's word, since noon of the day of issue."""
    scene = evidence.scene
    now, since = scene.stolen.now // 1000 + 60, scene.since
    raw = scene.certificates["valid"].credential
    late = scene.certificates["late"].credential

    def shown(name: str, title: str, cose: bytes, label: str, *times: int) -> Case:
        kept = evidence.proof(f"{name}: {title}", cosigned(evidence, label, "early", *times))
        sound = label == "valid" and sum(at < since for at in times) >= 2
        state, fails = ("valid", []) if sound else ("could_not_check", ["key_safety"])
        if len(times) < 2:
            fails.append("witnessed")
        return judged(name, title, context(now, "stolen", proof=kept), cose, state, fails=fails)

    yield shown("Y01", "logged and cosigned before the key was stolen", raw, "valid", since - 60, since - 1)
    yield shown("Y02", "one of two cosignatures is of that very second", raw, "valid", since - 60, since)
    yield shown("Y03", "one cosignature before", raw, "valid", since - 60)
    yield shown("Y04", "logged after the key was stolen", late, "late", since - 60, since - 60)
    seen = context(now, "stolen")
    fails = ["key_safety"]
    yield judged("Y05", "signed before, and no proof of it", seen, raw, "could_not_check", fails=fails)
    after = resigned(evidence, issued_at=scene.stolen.times[-1] // 1000 + 1)
    yield judged("Y06", "signed after the revocation", seen, after, "out_of_scope", fails=fails)


def bundles(evidence: Evidences) -> Iterator[Case]:
    """Bundles that must not be believed."""
    scene = evidence.scene
    world, now = scene.early, clock(evidence)
    text = text_of(scene.certificates["valid"].credential)
    genesis = scene.base.said[0].hash.hex()

    def refused(name: str, title: str, bundle: str, **more: object) -> Case:
        return stopped(name, title, context(now, bundle, **more), "trust", text=text)

    older = {"genesis": genesis, "size": len(scene.base.leaves)}
    yield refused("B01", "smaller than one seen before", "early", pin=older)
    yield refused("B02", "another genesis than the pinned one", "base", pin={"genesis": "00" * 32})
    fork = {"genesis": genesis, "size": len(scene.base.leaves), "root": "00" * 32}
    yield refused("B03", "another root at the size seen before", "base", pin=fork)
    bundle, _ = open_bundle(evidence.bundles["early"])
    status = world.service["status"]
    flipped = bytearray(evidence.bundles["early"])
    flipped[-1] ^= 1
    acts = tuple(one for one in bundle.acts if b"party-admitted" not in one.statement)
    note = parse_note(bundle.checkpoint)
    unsigned = replace(note, signatures=note.signatures[1:]).render()
    one_of = bundle.policy.replace("districts 2", "districts 1")
    lists = open_bundle(evidence.bundles["base"])[0].lists
    forged = {
        "B06": ("the admissions of the parties left out", replace(bundle, acts=acts)),
        "B07": ("a quorum of one", replace(bundle, policy=one_of)),
        "B08": ("the log did not sign its checkpoint", replace(bundle, checkpoint=unsigned)),
        "B09": ("its lists are of another size", replace(bundle, lists=lists)),
    }
    made = {
        "B04": ("one bit of its signature", bytes(flipped)),
        "B05": ("signed by another key", sign_bundle(bundle, world.new_key("status"))),
        **{name: (title, sign_bundle(one, status)) for name, (title, one) in forged.items()},
    }
    for name, (title, data) in made.items():
        assert data != evidence.bundles["early"], name
        evidence.bundles[name] = data
        yield refused(name, title, name)


def said_wrongly(evidence: Evidences) -> Iterator[Case]:
    """Bundles by the right key whose acts do not lead to what they claim (section 2)."""
    world, now = evidence.scene.early, clock(evidence)
    bundle, _ = open_bundle(evidence.bundles["early"])
    text = text_of(evidence.scene.certificates["valid"].credential)

    def with_act(place: int, statement: bytes) -> Bundle:
        acts = [*bundle.acts]
        acts[place] = replace(acts[place], statement=statement)
        return replace(bundle, acts=tuple(acts))

    def restated(place: int, who: str, body: dict[str, Any] | None = None) -> Bundle:
        """The act at a place as somebody else would have said it."""
        told = parse_statement(bundle.acts[place].statement)
        raw = world.sign(
            told.kind, who, told.subject, told.body if body is None else body, at=bundle.acts[place].time_ms
        )
        return with_act(place, raw)

    kinds = [parse_statement(one.statement).kind for one in bundle.acts]
    last_yes = len(kinds) - 1 - kinds[::-1].index("approve")
    appointed = kinds.index("officer-appointed")
    duties = dict(parse_statement(bundle.acts[appointed].statement).body) | {"duties": ["admin"]}
    turned = [*bundle.acts]
    turned[-1] = replace(turned[-1], time_ms=turned[-2].time_ms - 1)
    lost = world.copy()
    kid = world.service["status"].public.kid.hex()
    lost.say_two("key-revoked", f"key/{kid}", KeyRevoked(RevocationCause.LOST))
    issued = with_act(len(kinds) - 1, world.said[evidence.scene.certificates["valid"].seq].raw)
    erasing = world.copy()
    places = (EntryPlace(world.said[evidence.scene.certificates["valid"].seq].hash, 0),)
    erasing.say_two("erasure-order", f"erasure/{'e1' * 16}", ErasureOrder(ErasureReason.UNLAWFUL, places))
    desks, _ = open_bundle(erasing.bundle(ACTS), ACTS)
    unknown = world.sign("constructor", "root-1", "log", {}, at=bundle.acts[last_yes].time_ms)
    told = {
        "B10": ("the officer who said it approved it as well", restated(last_yes, "root-1")),
        "B11": ("an admin made an admin", restated(appointed, "city-admin", duties)),
        "B12": ("the times of its acts go back", replace(bundle, acts=tuple(turned))),
        "B13": ("the status key that signed it was lost", open_bundle_of(lost)),
        "B14": ("an act of a kind that bundles do not carry", issued),
        "B15": ("an order to erase, which only the signers' bundle carries", desks),
        "B17": ("a kind that objects of JavaScript have by birth", with_act(last_yes, unknown)),
    }
    for name, (title, made) in told.items():
        evidence.bundles[name] = sign_bundle(made, world.service["status"])
        yield stopped(name, title, context(now, name), "trust", text=text)
    evidence.bundles["B16"] = world.bundle(ACTS)
    yield stopped("B16", "the signers' bundle", context(now, "B16"), "trust", text=text)


def open_bundle_of(world: World) -> Bundle:
    """A world's bundle as values, whatever its acts add up to."""
    message = parse_sign1(world.bundle(), bytes_max=BYTES_MAX)
    return from_map(Bundle, cbor.decode(message.payload, bytes_max=BYTES_MAX), where="bundle")
