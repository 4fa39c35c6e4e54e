"""Cases of trust: key, signature, code, issuer, proof and key safety, most of them forged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.credential import parse_credential, sign_credential
from issuers.identifiers.codes import make_number, parse_number
from ledger.checkpoint import Checkpoint, cosign
from ledger.keys import SoftwareSigner
from ledger.note import NoteSigner, parse_note, sign_note
from ledger.proof import Proof, parse_proof
from tests.vectors.case_bytes import parts_of
from tests.vectors.case_form import Case, Evidences, context, judged, stopped
from tests.vectors.case_positive import clock, resigned
from tests.vectors.make_bytes import P256_ORDER
from tests.vectors.make_bytes import cbor as naive
from tests.world_exports import log_signer


def cases(evidence: Evidences) -> Iterator[Case]:
    yield from keys(evidence)
    yield from issuers(evidence)
    yield from proofs(evidence)
    yield from stolen(evidence)


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

    number = parse_number(certificate.number)
    others = resigned(evidence, number=make_number(replace(number, issuer3=8)))
    title = "the number carries the code of another body, of which the bundle has a part"
    yield stopped("K04", title, context(clock(evidence), "two"), "key", cose=others, code=code)
    yield stopped("K05", "the number carries the code of no body", seen, "key", cose=others, code=code)
    other = signed_by(evidence, evidence.scene.two.people["other-signatory"].signer)
    yield stopped(
        "K06", "the signatory of another body", context(clock(evidence), "two"), "key", cose=other, code=code
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
