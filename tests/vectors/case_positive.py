"""Cases in which nothing is wrong with the bytes, and what becomes of a certificate in its life and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from issuers.credential import parse_credential, sign_credential
from tests.vectors.case_form import Case, Evidences, context, judged, text_of
from tests.world_parts import moment


def cases(evidence: Evidences) -> Iterator[Case]:
    yield from sound(evidence)
    yield from lived(evidence)
    yield from timed(evidence)


def resigned(evidence: Evidences, label: str = "valid", who: str = "signatory", **changed: Any) -> bytes:
    """A certificate's credential, changed and signed anew; the log has nothing of it."""
    world = evidence.scene.base
    claims = parse_credential(evidence.scene.certificates[label].credential).claims
    return sign_credential(replace(claims, **changed), world.people[who].signer)


def clock(evidence: Evidences) -> int:
    """Shortly after the last leaf of `base`, when its list is fresh."""
    return evidence.scene.base.now // 1000 + 60


def sound(evidence: Evidences) -> Iterator[Case]:
    """Genuine, in force, in several ways to show it."""
    certificates, now = evidence.scene.certificates, clock(evidence)
    raw = certificates["valid"].credential
    proof = evidence.proof_of("cert:valid")
    text = text_of(raw)
    proven = context(now, proof=proof)
    yield judged("V01", "picture, text and proof: final", proven, raw, picture=True)
    yield judged("V02", "text alone, without a network", context(now), raw)
    yield judged("V03", "a file of the credential, with its proof", proven, raw, text=None)
    yield judged(
        "V04", "a chat program wrote &appinstall=0 behind it", context(now), raw, text=f"{text}&appinstall=0"
    )
    yield judged("V05", "a query behind the fragment", context(now), raw, text=f"{text}?from=singlemessage")
    long = certificates["long"].credential
    long_proof = evidence.proof_of("cert:long")
    yield judged("V06", "a long name", context(now, proof=long_proof), long, picture=True)
    plane_2 = resigned(evidence, name="𠅤𫖮", last_four=None)
    yield judged("V07", "ideographs of plane 2, no tail of an ID number", context(now), plane_2, picture=True)
    tail = resigned(evidence, last_four="000X")
    yield judged("V08", "the tail of an ID number ends in X", context(now), tail)
    one = evidence.proof_of("cert:valid", cosigned=1)
    early = evidence.proof_of("cert:valid", "early", cosigned=1)
    yield judged(
        "V09", "one cosignature, and the bundle has two of the same checkpoint", context(now, proof=one), raw
    )
    yield judged(
        "V10", "one cosignature of two that are needed", context(now, proof=early), raw, fails=["witnessed"]
    )
    old = evidence.proof_of("cert:valid", "early")
    yield judged("V11", "a proof under an older checkpoint", context(now, proof=old), raw)
    asked = context(now, proof=proof, none_logged=True)
    yield judged("V12", "the log said that it has none, and the proof holds", asked, raw)
    other = context(now, proof=proof, later=[evidence.proof_of("act:revoked")])
    yield judged("V13", "the revocation of another certificate says nothing", other, raw)
    pin = {"genesis": evidence.scene.base.said[0].hash.hex(), "size": len(evidence.scene.early.leaves)}
    yield judged("V14", "a bundle that grew since it was pinned", context(now, proof=proof, pin=pin), raw)


def lived(evidence: Evidences) -> Iterator[Case]:
    """What the log says of a certificate after its issue."""
    scene, now = evidence.scene, clock(evidence)
    raw = {label: one.credential for label, one in scene.certificates.items()}
    proof = {
        label: evidence.proof_of(f"cert:{label}")
        for label in ("revoked", "suspended", "restored", "cancelled", "corrected")
    }
    later = {
        label: [evidence.proof_of(f"act:{label}")]
        for label in ("revoked", "suspended", "cancelled", "corrected", "reissued", "restored")
    }

    def shown(label: str, *, told: bool = False, bundle: str = "base") -> Case:
        more = {"later": later[label]} if told else {}
        return context(now, bundle, proof=proof[label], **more)

    hung = [evidence.proof_of("act:hung")]
    both = context(now, proof=proof["restored"], later=[*later["restored"], *hung])
    yield judged("X01", "restored after a suspension, which is shown as well", both, raw["restored"])
    late = context(now, proof=proof["restored"], later=hung)
    yield judged("X02", "the suspension alone is shown, and the list is younger", late, raw["restored"])
    version = evidence.proof_of("version:corrected")
    yield judged(
        "X03", "the corrected version", context(now, proof=version), scene.versions["corrected"].credential
    )
    yield judged("X04", "revoked, by the list", shown("revoked"), raw["revoked"], "revoked", fails=["status"])
    yield judged(
        "X05",
        "revoked, with the act that says why",
        shown("revoked", told=True),
        raw["revoked"],
        "revoked",
        fails=["status"],
        reason="fraud",
    )
    yield judged(
        "X06",
        "revoked, though an older list still says valid",
        shown("revoked", told=True, bundle="early"),
        raw["revoked"],
        "revoked",
        fails=["status"],
        fresh=False,
        reason="fraud",
    )
    yield judged("X07", "suspended", shown("suspended"), raw["suspended"], "suspended", fails=["status"])
    yield judged(
        "X08",
        "suspended, with the act, beside an older list",
        shown("suspended", told=True, bundle="early"),
        raw["suspended"],
        "suspended",
        fails=["status"],
        fresh=False,
        reason="investigation",
    )
    yield judged(
        "X09",
        "cancelled, with the act",
        shown("cancelled", told=True),
        raw["cancelled"],
        "cancelled",
        fails=["status"],
        reason="issued-in-error",
    )
    yield judged(
        "X10",
        "cancelled: a list alone cannot tell it from revoked",
        shown("cancelled"),
        raw["cancelled"],
        "revoked",
        fails=["status"],
    )
    yield judged(
        "X11",
        "corrected: the former version",
        shown("corrected", told=True),
        raw["corrected"],
        "superseded",
        fails=["status"],
        reason="name-corrected",
    )
    yield judged(
        "X12",
        "reissued, by the list alone, without a network",
        context(now),
        raw["reissued"],
        "superseded",
        fails=["status"],
    )
    unproven = context(now, later=later["reissued"], bundle="early")
    yield judged(
        "X13",
        "a later act without the proof of the first says nothing",
        unproven,
        raw["reissued"],
        fails=["status"],
        fresh=False,
    )
    evidence.lists["newer"] = scene.base.status_list()
    alone = context(now, "early", lists=["newer"])
    yield judged(
        "X14",
        "a list fetched alone is newer than the bundle's",
        alone,
        raw["revoked"],
        "revoked",
        fails=["status"],
    )
    elsewhere = resigned(evidence, status_list=2)
    yield judged(
        "X15",
        "the bundle has no such list",
        context(now),
        elsewhere,
        "could_not_check",
        fails=["status"],
        fresh=False,
    )


def timed(evidence: Evidences) -> Iterator[Case]:
    """The clock of the verifier against the times of credential and list."""
    scene = evidence.scene
    raw, now = scene.certificates["valid"].credential, clock(evidence)
    iat = parse_credential(raw).claims.issued_at
    proof = evidence.proof_of("cert:valid", "early")
    yield judged(
        "M01",
        "the clock is five minutes before iat",
        context(iat - 300, "early", proof=proof),
        raw,
        fails=["status"],
        fresh=False,
    )
    yield judged(
        "M02",
        "the clock is more than five minutes before iat",
        context(iat - 301, "early", proof=proof),
        raw,
        "not_yet_valid",
        fails=["time", "status"],
        fresh=False,
    )
    expiring = scene.certificates["expiring"].credential
    end, own = moment(16, 0) // 1000, evidence.proof_of("cert:expiring")
    yield judged(
        "M03",
        "the last second of its last day",
        context(end - 1, proof=own),
        expiring,
        fails=["status"],
        fresh=False,
    )
    yield judged(
        "M04",
        "the second after",
        context(end, proof=own),
        expiring,
        "expired",
        fails=["time", "status"],
        fresh=False,
    )
    made = scene.base.now // 1000
    yield judged("M05", "the list is as old as it may be", context(made + 43_200), raw)
    yield judged(
        "M06",
        "the list is a second older than fresh",
        context(made + 43_201),
        raw,
        fails=["status"],
        fresh=False,
    )
    yield judged(
        "M07",
        "the log has none, within ten minutes of iat",
        context(iat + 600, "early", none_logged=True),
        raw,
        "could_not_check",
        fails=["status"],
        fresh=False,
    )
    yield judged("M08", "the log has none, later", context(now, none_logged=True), raw, "not_logged")
    yield judged(
        "M09",
        "a proof is required and there is none",
        context(now, require_proof=True),
        raw,
        "could_not_check",
    )
    ended = resigned(evidence, "revoked", expires_at=end)
    yield judged(
        "M10",
        "revoked and expired: revoked",
        context(end),
        ended,
        "revoked",
        fails=["time", "status"],
        fresh=False,
    )
