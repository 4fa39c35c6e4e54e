"""The later life of a world's certificates: next versions with real credentials, and what else is said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from issuers.acts.certificates import CertificateCorrected, CertificateReissued
from issuers.acts.reasons import CorrectionReason, ReissueReason
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import CertificateFact
from issuers.credential import parse_credential, sign_credential
from issuers.identifiers.codes import make_code
from issuers.qr import make_text
from tests.world_parts import HOST, STANDARD_ID

if TYPE_CHECKING:
    from tests.world import World


@dataclass(frozen=True)
class Version:
    """A later version: its credential, QR text, code and leaf."""

    number: int
    credential: bytes
    qr: str
    code: str
    seq: int


def subject_of(world: World, place: int = 0) -> str:
    """Of acts about a certificate."""
    return f"certificate/{world.certificates[place].id.hex()}"


def move(world: World, kind: str, reason: str, place: int = 0, **said: Any) -> int:
    """Says `certificate-<kind>` of a certificate; the leaf's place."""
    world.say(f"certificate-{kind}", "signatory", subject_of(world, place), {"reason": reason}, **said)
    return len(world.leaves) - 1


def renew(
    world: World,
    place: int = 0,
    *,
    reason: CorrectionReason | ReissueReason = ReissueReason.LOST,
    signer: str = "signatory",
    former: bytes | None = None,
    act: dict[str, Any] | None = None,
    **changed: Any,
) -> Version:
    """The next version; `changed` fields of its credential, `act` of its act. `former`: the bytes before."""
    fact = world.view.get(CertificateFact, world.certificates[place].id.hex())
    assert fact is not None
    claims = parse_credential(former or world.credentials[place]).claims
    claims = replace(
        claims,
        issued_at=world.now // 1000,
        code=make_code(int.from_bytes(world.draw(8), "big") % 10**15),
        status_index=int.from_bytes(world.draw(8), "big") % 2**20,
        version=fact.version + 1,
        first_issued_on=fact.issued_on,
    )
    claims = replace(claims, **changed)
    raw = sign_credential(claims, world.people[signer].signer)
    body = CertificateCorrected if isinstance(reason, CorrectionReason) else CertificateReissued
    kind = "certificate-corrected" if body is CertificateCorrected else "certificate-reissued"
    entries, openings = world.commit(kind, [{"name": claims.name, "number": claims.number}])
    fields: dict[str, Any] = {
        "version": fact.version + 1,
        "former": fact.credential,
        "standard": STANDARD_ID,
        "kind": fact.kind,
        "credential": sha256(raw).digest(),
        "status_list": claims.status_list,
        "status_index": claims.status_index,
        "issued_on": fact.issued_on,
        "version_on": shanghai_date(world.now),
        "reason": reason,
        "entries": entries,
        "expires_on": fact.expires_on,
        **(act or {}),
    }
    world.say(kind, signer, subject_of(world, place), body(**fields), openings=openings)
    qr = make_text(host=HOST, code=claims.code, credential=raw)
    return Version(claims.version, raw, qr, claims.code, len(world.leaves) - 1)
