"""Door: brings together what a check needs: a trust from file, folder or service, and the log's answer.

Promises: a bundle is used only after it was opened against its pin, one from the service only if it agrees
with the one at hand; the service is asked for no certificate before its signature held; what cannot be had is
said in a note and never loosens the check. Knows no terminal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from issuers.bundle import BYTES_MAX as BUNDLE_BYTES_MAX
from issuers.credential import parse_credential
from issuers.files import read_file
from issuers.qr import parse_text
from ledger.errors import MalanError, Unavailable
from verify.check import check
from verify.evidence import Evidence
from verify.life import LIVED
from verify.pins import PinStore
from verify.remote import Remote
from verify.trust import Pin, Trust, open_trust
from verify.verdict import Verdict

Open = Callable[[str], Remote]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user said: where trust is, which genesis it must have, whom to ask.

    `server` is an origin; `genesis` the expected hash; `keep`: pins may be written (and the folder made).
    """

    trust_file: Path | None = None
    genesis: bytes | None = None
    server: str | None = None
    offline: bool = False
    require_proof: bool = False
    keep: bool = False


@dataclass(slots=True)
class Gatherer:
    """One run. `notes` are sentences for the user, Chinese and English, in the order they came up."""

    wanted: Wanted
    store: PinStore
    open_remote: Open = Remote
    notes: list[str] = field(default_factory=list)

    def verdict(self, evidence: Evidence, *, now: int) -> Verdict:
        """The check, with what could be had. Raises what opening the trust raises."""
        trust, fetched = self._trust()
        origin = self._server(evidence, trust)
        if origin is None:
            return self._check(evidence, trust, now)
        with self.open_remote(origin) as remote:
            newer = trust if fetched else self._newer(trust, remote)
            if newer is None:
                return self._check(evidence, trust, now)
            trust = newer
            first = self._check(evidence, trust, now)
            if first.facts is None:
                return first  # nothing to ask about: the signature did not hold
            if first.status_fresh is not True:
                trust = self._newer_list(evidence, trust, remote)
            if not first.complete or first.state in LIVED:
                evidence = self._asked(evidence, first.facts.code, remote)
        return self._check(evidence, trust, now)

    def _check(self, evidence: Evidence, trust: Trust, now: int) -> Verdict:
        return check(evidence, trust, now=now, require_proof=self.wanted.require_proof)

    def _trust(self) -> tuple[Trust, bool]:
        """The trust at hand, and whether it comes from the service just now."""
        wanted = self.wanted
        if wanted.trust_file is not None:
            return self._opened(read_file(wanted.trust_file, bytes_max=BUNDLE_BYTES_MAX)), False
        raw = self.store.read_trust()
        if raw is not None:
            return self._opened(raw), False
        if wanted.server is None or wanted.offline:
            raise Unavailable(
                "TRUST_MISSING",
                "there is no trust bundle to check by",
                fix="Give --trust FILE, or --server URL to fetch it.",
            )
        with self.open_remote(wanted.server) as remote:
            raw = remote.trust()
        trust = self._opened(raw)
        self._keep(trust, raw)
        return trust, True

    def _opened(self, raw: bytes) -> Trust:
        trust = open_trust(raw, pin=None)
        if self.wanted.genesis is not None:
            trust = trust.against(Pin(self.wanted.genesis))
        known = self.store.read(trust.origin)
        if known is not None:
            trust = trust.against(known)
        if not trust.pinned:
            self._note_first_use(trust)
        if self.wanted.keep:
            self.store.write(trust.origin, trust.pin)
        return trust

    def _note_first_use(self, trust: Trust) -> None:
        kept = (
            ("已记住", "It is remembered now.") if self.wanted.keep else ("未记住", "It is not remembered.")
        )
        self.notes.append(
            f"!!! 首次使用 {trust.origin} 的信任包（{kept[0]}）。请与公布的创世指纹核对：\n"
            f"!!! First use of the bundle of {trust.origin}. {kept[1]} Compare its genesis with the one "
            f"published:\n!!! {trust.genesis.hex()}"
        )

    def _keep(self, trust: Trust, raw: bytes) -> None:
        if self.wanted.keep and self.wanted.trust_file is None:
            self.store.write(trust.origin, trust.pin)
            self.store.write_trust(raw)

    def _server(self, evidence: Evidence, trust: Trust) -> str | None:
        """Whom to ask: the server the user named, else the pinned host that the QR names, else the first."""
        if self.wanted.offline:
            return None
        if self.wanted.server is not None:
            return self.wanted.server
        try:
            return parse_text(evidence.text or "", hosts=trust.hosts).host
        except MalanError:
            return trust.bundle.hosts[0]

    def _newer(self, trust: Trust, remote: Remote) -> Trust | None:
        """The service's bundle if it continues ours; else None: such a service is not asked any further."""
        try:
            raw = remote.trust()
            newer = open_trust(raw, pin=None).against(trust.pin)
        except MalanError as error:
            self._note("未联网核验", "Checked offline: the trust bundle was not updated", error)
            return None
        self._keep(newer, raw)
        if self.wanted.keep:
            self.store.write(newer.origin, newer.pin)
        return replace(newer, pinned=trust.pinned)

    def _newer_list(self, evidence: Evidence, trust: Trust, remote: Remote) -> Trust:
        try:
            number = parse_credential(_credential(evidence, trust)).claims.status_list
            return trust.with_list(remote.status(number))
        except MalanError as error:
            self._note("状态列表未能更新", "The status list was not updated", error)
            return trust

    def _asked(self, evidence: Evidence, code: str, remote: Remote) -> Evidence:
        """The evidence with the log's answer: its newest proof, or that it has none."""
        try:
            found = remote.find(code)
            if found is None:
                return replace(evidence, asked_log=True)
            evidence = replace(evidence, proof=remote.proof(found.seq))
            return replace(evidence, life=tuple(remote.proof(seq) for seq in found.life))
        except MalanError as error:
            self._note("未能查询账本", "The log could not be asked", error)
            return evidence

    def _note(self, zh: str, en: str, error: MalanError) -> None:
        advice = f". {error.fix}" if error.fix else ""
        self.notes.append(f"{zh}。{en}: {error.code}: {error.what}{advice}")


def _credential(evidence: Evidence, trust: Trust) -> bytes:
    if evidence.credential is not None:
        return evidence.credential
    return parse_text(evidence.text or "", hosts=trust.hosts).credential
