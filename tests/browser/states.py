"""Every state of the verdict table as a stranger's phone can meet it: address, files of the service, time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from issuers.acts.certificates import CertificateCancelled, CertificateRevoked, CertificateSuspended
from issuers.acts.parties import KeyRevoked
from issuers.acts.reasons import CancellationReason, CorrectionReason
from issuers.acts.words import RevocationCause
from issuers.base64url import to_b64
from issuers.bundle import BundledList
from issuers.credential import parse_credential
from issuers.status import SUPERSEDED, StatusList, compute_bits, sign_status_list
from tests.browser.site import Site
from tests.verify.shown import bundle_with, claims_of, issued_world, now_of, proof_of, resigned, text_of
from tests.world import World
from tests.world_life import renew
from tests.world_parts import BODY, moment


@dataclass
class Scene:
    """What one certificate meets. `proof` None: the log has no answer; `asked` False: nobody answers."""

    world: World = field(default_factory=issued_world)
    credential: bytes = b""
    code: str = ""
    proof: bytes | None = None
    answer: int = 200
    now: int = 0
    hosts: tuple[str, ...] = ()
    changed: dict[str, object] = field(default_factory=dict)
    change_text: Callable[[str], str] = str
    life: tuple[int, ...] = ()

    def lay(self, site: Site) -> str:
        """Lays out the service; the address a phone opens."""
        credential = self.credential or self.world.credentials[0]
        code = self.code or parse_credential(credential).claims.code
        hosts = self.hosts or (site.address,)
        site.lay_trust(bundle_with(self.world, hosts=hosts, **self.changed))
        if self.answer == 200:
            told: dict[str, object] = {"seq": 1, "proof": None if self.proof is None else to_b64(self.proof)}
            told["life"] = list(self.life)
            for seq in self.life:
                site.lay(f"/log/proof/{seq}", self.world.proof(seq), "text/plain")
            site.lay_json(f"/api/certificates/{code}", told)
        else:
            body = {"status": self.answer, "code": "CERTIFICATE_UNKNOWN"}
            site.answers[f"/api/certificates/{code}"] = (
                self.answer,
                "application/problem+json",
                json.dumps(body).encode(),
            )
        return self.change_text(text_of(credential, code=code, host=site.address))

    @property
    def seconds(self) -> int:
        """The time of the phone."""
        return self.now or now_of(self.world)


def valid() -> Scene:
    world = issued_world()
    return Scene(world, proof=proof_of(world))


def not_final() -> Scene:
    world = issued_world()
    few = world.checkpoint(cosigned=3)
    return Scene(world, proof=proof_of(world, cosigned=3), changed={"checkpoint": few})


def not_fresh() -> Scene:
    scene = valid()
    scene.now = now_of(scene.world) + 43_300
    return scene


def not_checked() -> Scene:
    return Scene(answer=503)


def not_published() -> Scene:
    return Scene()


def not_logged() -> Scene:
    world = issued_world()
    return Scene(world, answer=404, now=claims_of(world).issued_at + 3_600)


def not_logged_yet() -> Scene:
    world = issued_world()
    return Scene(world, answer=404, now=claims_of(world).issued_at + 60)


def changed_by(kind: str, body: object) -> Scene:
    world = issued_world()
    world.say(kind, "signatory", f"certificate/{world.certificates[0].id.hex()}", body)
    return Scene(world, proof=proof_of(world))


def suspended() -> Scene:
    return changed_by("certificate-suspended", CertificateSuspended("investigation"))


def revoked() -> Scene:
    return changed_by("certificate-revoked", CertificateRevoked("fraud"))


def cancelled() -> Scene:
    scene = changed_by("certificate-cancelled", CertificateCancelled(CancellationReason.DUPLICATE))
    scene.life = (len(scene.world.leaves) - 1,)
    return scene


def corrected() -> Scene:
    """The paper from before the name was corrected, a week later."""
    world = issued_world()
    world.now = moment(20, 9)
    new = renew(world, reason=CorrectionReason.NAME, name="沈铭")
    return Scene(world, proof=proof_of(world), life=(new.seq,))


def second_version() -> Scene:
    world = issued_world()
    world.now = moment(20, 9)
    new = renew(world)
    return Scene(world, credential=new.credential, proof=world.proof(new.seq))


def superseded() -> Scene:
    scene = valid()
    index = claims_of(scene.world).status_index
    bits = bytearray(compute_bits([], 1))
    bits[index // 4] |= SUPERSEDED << 2 * (index % 4)
    status = StatusList("x", 1, len(scene.world.leaves), now_of(scene.world), 43_200, bytes(bits))
    scene.changed = {"lists": (BundledList(1, sign_status_list(status, scene.world.service["status"])),)}
    return scene


def expired() -> Scene:
    world = issued_world()
    expires_at = now_of(world) + 1_000
    return Scene(world, credential=resigned(world, expires_at=expires_at), answer=503, now=expires_at + 60)


def tampered() -> Scene:
    scene = valid()
    raw = bytearray(scene.world.credentials[0])
    raw[-1] ^= 1
    scene.credential = bytes(raw)
    return scene


def pieced() -> Scene:
    scene = valid()
    scene.code = claims_of(scene.world, 1).code
    return scene


def unknown_issuer() -> Scene:
    scene = valid()
    stranger = scene.world.person("stranger", BODY)
    scene.world.people["stranger"] = stranger
    scene.credential = resigned(scene.world, "stranger")
    return scene


def out_of_scope() -> Scene:
    scene = valid()
    scene.credential = resigned(scene.world, "evaluator-1")
    scene.answer = 503
    return scene


def not_yet_valid() -> Scene:
    world = issued_world()
    return Scene(world, answer=503, now=claims_of(world).issued_at - 3_600)


def compromised() -> Scene:
    world = issued_world()
    kid = world.people["signatory"].signer.public.kid.hex()
    world.now += 600_000
    since = claims_of(world).issued_at - 60
    world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", KeyRevoked(RevocationCause.COMPROMISED, since))
    return Scene(world, proof=proof_of(world))


def no_trust() -> Scene:
    scene = valid()
    scene.changed = {"genesis": bytes(32)}
    return scene


def unreadable() -> Scene:
    scene = valid()
    scene.change_text = lambda text: text[:-2]
    return scene


def other_host() -> Scene:
    scene = valid()
    scene.hosts = ("https://cert.malan.example",)
    return scene


def newer_version() -> Scene:
    scene = valid()
    scene.change_text = lambda text: text.replace("#1", "#2")
    return scene


# name: (scene, state, code)
STATES: dict[str, tuple[Callable[[], Scene], str, str]] = {
    "valid": (valid, "valid", ""),
    "not-final": (not_final, "valid", ""),
    "not-fresh": (not_fresh, "valid", ""),
    "not-checked": (not_checked, "valid", ""),
    "not-published": (not_published, "valid", ""),
    "not-logged": (not_logged, "not_logged", "NOT_LOGGED"),
    "not-logged-yet": (not_logged_yet, "could_not_check", "NOT_LOGGED_YET"),
    "suspended": (suspended, "suspended", "STATUS_SUSPENDED"),
    "revoked": (revoked, "revoked", "STATUS_REVOKED"),
    "cancelled": (cancelled, "cancelled", "LIFE_CANCELLED"),
    "corrected": (corrected, "superseded", "LIFE_CORRECTED"),
    "second-version": (second_version, "valid", ""),
    "superseded": (superseded, "superseded", "STATUS_SUPERSEDED"),
    "expired": (expired, "expired", "EXPIRED"),
    "tampered": (tampered, "tampered", "SIGNATURE_BAD"),
    "pieced": (pieced, "tampered", "CODE_OTHER"),
    "unknown-issuer": (unknown_issuer, "unknown_issuer", "KEY_UNKNOWN"),
    "out-of-scope": (out_of_scope, "out_of_scope", "SIGNATORY_NONE"),
    "not-yet-valid": (not_yet_valid, "not_yet_valid", "NOT_YET_VALID"),
    "compromised": (compromised, "could_not_check", "KEY_COMPROMISED"),
    "no-trust": (no_trust, "could_not_check", "BUNDLE_ACTS"),
    "unreadable": (unreadable, "unreadable", "QR_UNREADABLE"),
    "other-host": (other_host, "unreadable", "QR_OTHER_HOST"),
    "newer-version": (newer_version, "unreadable", "QR_VERSION"),
}
