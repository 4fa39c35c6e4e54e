"""Door: what the holder's page shows: own certificates, what to do, days left for the subsidy, who looked.

Promises: names and numbers masked, as on every screen (the papers have them in clear); recorded before it is
told; nothing a scanner of the QR code or an officer would be told otherwise: states are those of the verdict,
windows those of the subsidy's rules.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from issuers.acts.reasons import cause_of_state
from issuers.acts.words import CertificateKind
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import Claim, ClaimedCertificate, PolicyFact, State
from issuers.identifiers.codes import mask_number
from issuers.identifiers.names import mask_name
from registry.certificates.quarantine import in_quarantine
from registry.holders.links import links_of
from registry.holders.own import Held, all_held, state_of, subjects_of, verdict_on
from registry.holders.reads import both, read_place, reads_of
from registry.holders.visits import Visit, record_page
from registry.holders.windows import Window, window_of
from registry.holders.words import ADVICE, OTHER_ADVICE
from registry.published.standing import entry_standing
from registry.service import Service
from registry.storage.facts import TableView, all_of
from registry.subsidy import holds
from verify.subsidy.case import Case
from verify.subsidy.policy import Policy
from verify.verdict import State as VerdictState
from verify.verdict import Verdict
from verify.words import STATE_WORDS


def looked_again(service: Service, visit: Visit, *, caller: str) -> dict[str, object]:
    """The page once more, within the visit; it has a record of its own. Raises as `overview`."""
    with service.database.transaction() as connection:
        record_page(connection, service, visit.person, caller=caller, fields="masked")
    return overview(service, visit)


def older_reads(service: Service, visit: Visit, told: str, *, caller: str) -> dict[str, object]:
    """The next page of who looked; it has a record of its own. Raises Malformed READS_PLACE."""
    place, now_ms = read_place(service.people, visit, told), service.clock.now_ms()
    with service.database.transaction() as connection:
        record_page(connection, service, visit.person, caller=caller, purpose="holder-reads", fields="reads")
    with service.database.reading() as connection:
        subjects = subjects_of(connection, visit.person)
        return reads_of(connection, service.people, visit, subjects, now_ms=now_ms, place=place)


def overview(service: Service, visit: Visit) -> dict[str, object]:
    """Everything for the page, for whoever has recorded it. Raises Unavailable for what is away."""
    today = shanghai_date(service.clock.now_ms())
    with service.database.reading() as connection:
        held = all_held(connection, service.people, visit.person)
        links = links_of(service, connection, visit.person)
        subjects, now_ms = subjects_of(connection, visit.person), service.clock.now_ms()
        reads = reads_of(connection, service.people, visit, subjects, now_ms=now_ms)
    certificates = [
        {**_certificate(service, one, visit.person), "links": links.get(one.fact.id, [])} for one in held
    ]
    return {
        "today": today.isoformat(),
        "seconds_left": max(0, visit.expires_ms - service.clock.now_ms()) // 1000,
        "csrf": visit.csrf,
        "certificates": certificates,
        "reads": reads,
    }


def _certificate(service: Service, held: Held, person: bytes) -> dict[str, object]:
    verdict = verdict_on(service, held)
    state = state_of(held, verdict)
    with service.database.reading() as connection:
        window = _window(service, connection, held, person, state, verdict)
    fact, words = held.fact, STATE_WORDS[state.value]
    cause = None if fact.reason is None else cause_of_state(fact.state.value, fact.reason)
    return {
        "certificate": fact.id.hex(),
        "name": mask_name(held.claims.name),
        "number": mask_number(held.claims.number),
        "kind": fact.kind.value,
        "course": {"zh": held.claims.course, "en": held.standard.title_en or held.claims.course},
        "stage": held.standard.stage,
        "hours": held.claims.hours,
        "body": {"zh": held.body.name, "en": held.body.name_en},
        "institution": {"zh": held.institution.name, "en": held.institution.name_en},
        "issued_on": fact.issued_on.isoformat(),
        "expires_on": None if fact.expires_on is None else fact.expires_on.isoformat(),
        "version": fact.version,
        "state": state.value,
        "icon": words.icon,
        "title": both(words.title),
        "advice": both(ADVICE.get(state.value, OTHER_ADVICE)),
        "reason": None
        if cause is None
        else {"zh": cause.zh, "en": cause.en, "national": cause.national.value},
        "witnessed": entry_standing(service, fact.proof_seq),
        "papers": fact.state is State.VALID,
        "subsidy": window,
    }


def _window(
    service: Service,
    connection: sa.Connection,
    held: Held,
    person: bytes,
    state: VerdictState,
    verdict: Verdict | None,
) -> dict[str, object]:
    view, fact = TableView(connection), held.fact
    claimed = view.get(ClaimedCertificate, fact.id.hex())
    claim = None if claimed is None or claimed.released else view.get(Claim, claimed.claim.hex())
    policies = [Policy.from_body(one.document) for one in all_of(connection, PolicyFact)]
    others = tuple(holds.held(connection, person).values())
    word = VerdictState.COULD_NOT_CHECK if in_quarantine(view, fact) else state
    case = Case(
        kind=CertificateKind(fact.kind),
        stage=held.standard.stage,
        project=fact.project,
        issued_on=fact.issued_on,
        verdict_state=word.value.replace("_", "-"),
        verdict_complete=verdict is not None and verdict.complete,
        final=verdict.final if verdict is not None and verdict.witnesses else None,
        identity_matches=True,  # whoever visits showed the document
        submitted_on=shanghai_date(service.clock.now_ms()),
        held_projects=others,
        held_count=len(others),
        class_started_on=held.known.first_day,
    )
    return {**_told(window_of(case, policies, claim)), "claim": _claim(claim), "slots": _slots(others)}


def _told(window: Window) -> dict[str, object]:
    return {
        "waits": window.waits.value,
        "days_left": window.days_left,
        "last_day": None if window.last_day is None else window.last_day.isoformat(),
        "at_least": window.at_least,
        "policy": window.policy,
        "amount_fen": window.amount_fen,
        "unconfirmed": window.unconfirmed,
        "reasons": [
            {"rule": one.rule.value, "code": one.code, "zh": one.reason_zh, "en": one.reason_en}
            for one in window.reasons
        ],
    }


def _claim(claim: Claim | None) -> dict[str, object] | None:
    """How far it has come; its id is the one the desk told the holder."""
    if claim is None:
        return None
    return {"claim": claim.id.hex(), "state": claim.state.value, "submitted_ms": claim.submitted_ms}


def _slots(held: Sequence[str]) -> dict[str, int]:
    return {"used": len(held), "of": len(holds.SLOTS)}
