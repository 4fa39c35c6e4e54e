"""Evidence, trust and a time go in; a verdict with twelve numbered steps comes out. Pure.

    1 read: the text is ours, its host is pinned          7 issuer: in force and in scope at issue
    2 decode: strictly in the one form of a credential    8 time: not in the future, not expired
    3 trust: of the body, leads to the pinned genesis     9 logged: proof, leaf and credential bind
    4 key: enrolled for a person                         10 key safety: not compromised when it signed
    5 signature, before anything is shown                11 status: list signed, fresh, and what it says
    6 code: that of the address is the signed one        12 witnessed: the quorum stands behind it

Steps 1 to 6 end the check where they fail; the others are all done, and `verdict.PRECEDENCE` says which
state wins. Promises: no claim leaves here before step 5 has passed. Knows no file, network or clock.

Source: design decision 16; `issuers/SPEC.md`, Verifying.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from issuers.acts.words import RevocationCause
from issuers.authority.party_facts import Key
from issuers.credential import Credential, check_credential, parse_credential
from issuers.identifiers.numbers import parse_number
from issuers.qr import parse_text
from issuers.status import REVOKED, SUPERSEDED, SUSPENDED, StatusList
from ledger.errors import BadSignature, MalanError, Refused
from ledger.keys import public_key
from verify.evidence import Evidence
from verify.facts import facts_of
from verify.findings import Finding, conclude, failed, passed, unknown
from verify.history import Past
from verify.life import Life, Said, read_life
from verify.logged import Logged, bind, check_agreement, open_logged
from verify.scope import Entitled, entitled
from verify.times import day_of
from verify.trust import Trust
from verify.verdict import State, StepNumber, Verdict

SKEW: Final = 300
"""Seconds by which two honest clocks may differ."""

YOUNG: Final = 600
"""Seconds after signing during which a log that has no leaf yet proves nothing."""

_N = StepNumber
_FATAL: Final = {
    _N.READ: State.UNREADABLE,
    _N.DECODE: State.UNREADABLE,
    _N.TRUST: State.COULD_NOT_CHECK,
    _N.KEY: State.UNKNOWN_ISSUER,
    _N.SIGNATURE: State.TAMPERED,
    _N.CODE: State.TAMPERED,
}


@dataclass(frozen=True, slots=True)
class _Genuine:
    """What steps 1 to 6 leave: a credential whose signature holds, the key that made it, and the trust that
    the certificates of its body are judged by."""

    claims: Credential
    raw: bytes = field(repr=False)
    key: Key
    trust: Trust = field(repr=False)


def check(evidence: Evidence, trust: Trust, *, now: int, require_proof: bool = False) -> Verdict:
    """The verdict on a credential at `now` (seconds since 1970). Never raises for any evidence.

    `require_proof`: without a proof that holds, the answer is "could not check".
    """
    findings: list[Finding] = []
    genuine = _genuine(evidence, trust, findings)
    if genuine is None:
        return conclude(findings, now=now, witnesses=trust.policy.witness_count)
    claims, trust = genuine.claims, genuine.trust
    logged, doubt = _logged(evidence, genuine)
    right, issuer = _issuer(genuine, logged)
    listed = trust.lists.get(claims.status_list)
    fresh = None if listed is None else -SKEW <= now - listed.issued_at <= listed.ttl
    life = read_life(evidence.life, logged, trust, version=claims.version)
    status, said = _status(listed, claims, life, fresh=fresh is True)
    findings += [
        issuer,
        _time(claims, now),
        _in_log(logged, doubt, evidence, claims, now=now, required=require_proof),
        _compromise(genuine, logged),
        status,
        _final(logged),
    ]
    return conclude(
        findings,
        now=now,
        complete=logged is not None,
        final=logged is not None and logged.quorum(),
        cosigned=0 if logged is None else len(logged.cosignatures),
        witnesses=(trust if logged is None else logged).policy.witness_count,
        fresh=fresh,
        facts=facts_of(claims, genuine.key, logged, right, listed, trust),
        life=None if said is None else life.document(said),
    )


def _genuine(evidence: Evidence, trust: Trust, findings: list[Finding]) -> _Genuine | None:
    """Steps 1 to 6, one finding each up to the first that fails."""

    def done(number: StepNumber, code: str = "") -> None:
        findings.append(passed(number, code))

    try:
        raw, path_code = _read(evidence, trust)
        done(_N.READ, "" if path_code else "FROM_FILE")
        signed = parse_credential(raw)
        done(_N.DECODE)
        trust = trust.of(f"{parse_number(signed.claims.number).issuer3:03d}")
        done(_N.TRUST, "" if trust.pinned else "TRUST_FIRST_USE")
        key = _key(trust, signed.message.kid)
        done(_N.KEY)
        check_credential(signed, public_key(key.alg, key.spki))
        done(_N.SIGNATURE)
        if path_code not in (None, signed.claims.code):
            raise BadSignature("CODE_OTHER", "the code in the address is not the signed one")
        done(_N.CODE, "" if path_code else "FROM_FILE")
    except MalanError as error:
        number = StepNumber(len(findings) + 1)
        findings.append(failed(number, _FATAL[number], error))
        return None
    return _Genuine(signed.claims, raw, key, trust)


def _read(evidence: Evidence, trust: Trust) -> tuple[bytes, str | None]:
    if evidence.text is None:
        return evidence.credential or b"", None
    read = parse_text(evidence.text, hosts=trust.hosts)
    return read.credential, read.code


def _key(trust: Trust, kid: bytes) -> Key:
    key = trust.key(kid)
    if key is None:
        raise Refused("KEY_UNKNOWN", "the body in the number has no such key", fix="Update the bundle.")
    if key.staff is None:
        raise Refused("KEY_SERVICE", "keys of the service sign no certificates")
    return key


def _logged(evidence: Evidence, genuine: _Genuine) -> tuple[Logged | None, MalanError | None]:
    """The leaf the proof shows, bound to this credential; or why the proof given shows nothing."""
    if evidence.proof is None:
        return None, None
    trust, key = genuine.trust, public_key(genuine.key.alg, genuine.key.spki)
    try:
        logged = open_logged(evidence.proof, trust)
        bind(logged, credential=genuine.raw, key=key, trust=trust)
    except MalanError as error:
        return None, error
    return logged, None


def _issuer(genuine: _Genuine, logged: Logged | None) -> tuple[Entitled | None, Finding]:
    """Step 7: by the leaf's place and date where there is one, else by the time the signer claims."""
    kid, refusal = genuine.key.kid, None
    for past, day in _moments(genuine, logged):
        try:
            pinned = None if logged is None else logged.act.standard
            right = entitled(past, genuine.claims, kid=kid, day=day, standard=pinned)
            if logged is not None:
                check_agreement(logged, genuine.claims, party=right.party.id)
        except MalanError as error:
            refusal = refusal or error
        else:
            return right, passed(_N.ISSUER)
    assert refusal is not None
    return None, failed(_N.ISSUER, State.OUT_OF_SCOPE, refusal)


def _moments(genuine: _Genuine, logged: Logged | None) -> Iterable[tuple[Past, date]]:
    """The past as it stood at issue. A signer's clock may differ from the log's by the skew."""
    claims, trust = genuine.claims, genuine.trust
    if logged is not None:
        yield trust.history.before(logged.leaf.seq), logged.made_on
        return
    for seconds in (claims.issued_at, claims.issued_at + SKEW):
        yield trust.history.until(seconds * 1000 + 999), day_of(claims.issued_at)


def _time(claims: Credential, now: int) -> Finding:
    """Step 8. RFC 8392: a token is not accepted on or after its expiration time."""
    if claims.issued_at > now + SKEW:
        return failed(_N.TIME, State.NOT_YET_VALID, "NOT_YET_VALID")
    if claims.expires_at is not None and now >= claims.expires_at:
        return failed(_N.TIME, State.EXPIRED, "EXPIRED")
    return passed(_N.TIME)


def _in_log(
    logged: Logged | None,
    doubt: MalanError | None,
    evidence: Evidence,
    claims: Credential,
    *,
    now: int,
    required: bool,
) -> Finding:
    """Step 9. A proof that does not hold is no proof; it also is no sign that the log has nothing."""
    if logged is not None:
        return passed(_N.LOGGED)
    if evidence.asked_log:
        if now - claims.issued_at <= YOUNG:
            return unknown(_N.LOGGED, "NOT_LOGGED_YET", State.COULD_NOT_CHECK)
        return failed(_N.LOGGED, State.NOT_LOGGED, "NOT_LOGGED")
    if doubt is not None:
        return failed(_N.LOGGED, State.COULD_NOT_CHECK, doubt)
    if required:
        return unknown(_N.LOGGED, "PROOF_REQUIRED", State.COULD_NOT_CHECK)
    return unknown(_N.LOGGED, "PROOF_ABSENT")


def _compromise(genuine: _Genuine, logged: Logged | None) -> Finding:
    """Step 10 (assurance C.4), with the log's order where a proof gives it, else the signer's own time."""
    key = genuine.key
    if key.revoked_seq is None or key.revoked_ms is None:
        return passed(_N.COMPROMISE)
    late = (
        genuine.claims.issued_at * 1000 > key.revoked_ms
        if logged is None
        else logged.leaf.seq > key.revoked_seq
    )
    if late:
        return failed(_N.COMPROMISE, State.OUT_OF_SCOPE, "KEY_REVOKED")
    if key.cause is not RevocationCause.COMPROMISED or key.compromised_since is None:
        return passed(_N.COMPROMISE)
    since = key.compromised_since
    if logged is not None and logged.leaf.time_ms < since * 1000 and logged.quorum(before=since):
        return passed(_N.COMPROMISE)
    return unknown(_N.COMPROMISE, "KEY_COMPROMISED", State.COULD_NOT_CHECK)


def _status(
    listed: StatusList | None, claims: Credential, life: Life, *, fresh: bool
) -> tuple[Finding, Said | None]:
    """Step 11: the list, and what the log's own acts say beyond it; the act that decides, if one is known.

    The list's signature and size were checked with the trust. Ends and new versions are for good, so they
    count whatever the list says; a suspension counts where the list says so or was made before it.
    """
    value = None if listed is None else listed.value(claims.status_index)
    hung = life.suspended
    if listed is not None and hung is not None and value != SUSPENDED and hung.seq < listed.size:
        hung = None
    if (said := life.ended) is not None:
        state = State.REVOKED if said.kind == "certificate-revoked" else State.CANCELLED
    elif value == REVOKED:
        state = State.REVOKED
    elif (said := life.followed) is not None or value == SUPERSEDED:
        state = State.SUPERSEDED
    elif (said := hung) is not None or value == SUSPENDED:
        state = State.SUSPENDED
    elif listed is None:
        return unknown(_N.STATUS, "STATUS_MISSING", State.COULD_NOT_CHECK), None
    else:
        return passed(_N.STATUS) if fresh else unknown(_N.STATUS, "STATUS_NOT_FRESH"), None
    code = f"STATUS_{state.name}" if said is None else f"LIFE_{said.kind.partition('-')[2].upper()}"
    return failed(_N.STATUS, state, code), said


def _final(logged: Logged | None) -> Finding:
    """Step 12 never decides a state: issuing does not wait for witnesses, money does."""
    if logged is None:
        return unknown(_N.FINAL, "NO_PROOF")
    if logged.policy.needed == 0:
        return unknown(_N.FINAL, "NO_WITNESSES")
    return passed(_N.FINAL) if logged.quorum() else unknown(_N.FINAL, "NOT_FINAL")
