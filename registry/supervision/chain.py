"""Door: the links of a chain: each with the entries of the log that say it, and what holds between them.

Promises: a node says what its entries say; a link `holds` when the entry itself names the next by hash or id,
read from the signed bytes. No name and no number: whoever shows a certificate hands in what a mask left.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from issuers.acts.reasons import cause_of_state
from issuers.authority.class_facts import (
    CertificateFact,
    Claim,
    ClaimedCertificate,
    ClassFact,
    PolicyFact,
    StandardFact,
)
from issuers.standard import Standard
from ledger.errors import Unavailable
from registry.storage.facts import TableView
from registry.supervision.spoken import Said, party_shown, said_about, said_as, said_at, shown

SMALL: Final = 5  # fewer candidates than this: how many passed would tell who failed

Node = dict[str, Any]


class Chain:
    """Builds nodes from one moment of the database."""

    def __init__(self, connection: sa.Connection, view: TableView, published: int) -> None:
        self._connection, self._view, self._published = connection, view, published

    def certificate(self, fact: CertificateFact, known: ClassFact, masked: dict[str, object] | None) -> Node:
        issued = said_at(self._connection, fact.seq)
        later = said_about(self._connection, f"certificate/{fact.id.hex()}")
        body = issued.statement.body
        return self._node(
            "certificate",
            fact.id.hex(),
            [issued, *later],
            facts={
                "state": fact.state.value,
                "reason": fact.reason,
                "cause": _cause(fact),
                "version": fact.version if fact.renewed is not None else None,
                "version_on": None if fact.renewed is None else fact.renewed.on.isoformat(),
                "kind": fact.kind.value,
                "issued_on": fact.issued_on.isoformat(),
                "expires_on": None if fact.expires_on is None else fact.expires_on.isoformat(),
                "credential": fact.credential.hex(),
                "status_place": f"{fact.status_list}/{fact.status_index}",
                "erased": masked is None,
                **(masked or {}),
            },
            holds={"evaluation": body.get("evaluation") == known.evaluation, "class": _in(body, known)},
        )

    def behind(self, known: ClassFact) -> list[Node]:
        """From the result back to the standard."""
        return [
            *self._evaluation(known),
            *self._sheets(known),
            *self._roster(known),
            self._opening(known),
            self._accreditation(known),
            self._body(known),
            self._standard(known),
        ]

    def claim(self, fact: CertificateFact) -> list[Node]:
        """The application for money that rests on the certificate, if one does."""
        claimed = self._view.get(ClaimedCertificate, fact.id.hex())
        claim = None if claimed is None else self._view.get(Claim, claimed.claim.hex())
        if claim is None:
            return []
        said = said_about(self._connection, f"claim/{claim.id.hex()}")
        policy = self._view.get(PolicyFact, claim.policy)
        facts = {
            "unconfirmed": policy is None or policy.document.get("confirmed") is not True,
            "state": claim.state.value,
            "policy": claim.policy,
            "district": party_shown(self._view, claim.district),
            "amount_fen": claim.amount_fen,
        }
        names = bool(said) and said[0].statement.body.get("certificate") == fact.id
        return [self._node("claim", claim.id.hex(), said, facts=facts, holds={"certificate": names})]

    def _evaluation(self, known: ClassFact) -> list[Node]:
        said = None if known.evaluation is None else said_as(self._connection, known.evaluation)
        if said is None:
            return []
        body = said.statement.body
        passed, sheets = body.get("passed"), body.get("sheets")
        small = known.candidates < SMALL
        facts: dict[str, object] = {"small": small, "sheets": len(known.sheets)}
        if not small:
            facts |= {
                "candidates": known.candidates,
                "passed": len(passed) if isinstance(passed, list) else None,
            }
        named = {sheet.statement for sheet in known.sheets}
        holds = {
            "sheets": isinstance(sheets, list) and named == set(sheets),
            "roster": body.get("roster") == known.roster,
            "standard": body.get("standard") == known.standard,
        }
        return [self._node("evaluation", said.statement.hash.hex(), [said], facts=facts, holds=holds)]

    def _sheets(self, known: ClassFact) -> list[Node]:
        nodes = []
        for sheet in known.sheets:
            said = said_as(self._connection, sheet.statement)
            if said is not None:
                facts: dict[str, object] = {"staff": sheet.staff.hex()}
                if known.candidates >= SMALL:
                    facts["scored"] = sheet.count
                holds = {"roster": said.statement.body.get("roster") == known.roster}
                name = said.statement.hash.hex()
                nodes.append(self._node("sheet", name, [said], facts=facts, holds=holds))
        return nodes

    def _roster(self, known: ClassFact) -> list[Node]:
        said = None if known.roster is None else said_as(self._connection, known.roster)
        if said is None:
            return []
        subject = said.statement.subject == f"class/{known.id.hex()}"
        return [self._node("roster", said.statement.hash.hex(), [said], facts={}, holds={"class": subject})]

    def _opening(self, known: ClassFact) -> Node:
        said = said_at(self._connection, known.opened_seq)
        facts = {
            "institution": party_shown(self._view, known.institution),
            "district": party_shown(self._view, known.district),
            "body": party_shown(self._view, known.body),
            "project": known.project,
            "instructors": [one.hex() for one in known.instructors],
            "first_day": known.first_day.isoformat(),
            "last_day": known.last_day.isoformat(),
        }
        holds = {
            "institution": said.statement.issuer == known.institution,
            "standard": said.statement.body.get("standard") == known.standard,
        }
        return self._node("class", known.id.hex(), [said], facts=facts, holds=holds)

    def _accreditation(self, known: ClassFact) -> Node:
        """Every decision on institution and project; in force is the last before the class was opened."""
        name = f"{known.institution}/{known.project}"
        said = said_about(self._connection, f"accreditation/{name}")
        before = [one for one in said if one.leaf.seq < known.opened_seq]
        last = before[-1] if before else None
        granted = last is not None and last.statement.kind == "institution-accredited"
        terms = {} if last is None or not granted else last.statement.body
        covers = str(terms.get("first_day")) <= known.first_day.isoformat() <= str(terms.get("last_day"))
        facts = {
            "institution": party_shown(self._view, known.institution),
            "project": known.project,
            "first_day": terms.get("first_day"),
            "last_day": terms.get("last_day"),
            "in_force_seq": None if last is None else last.leaf.seq,
        }
        return self._node(
            "accreditation",
            name,
            said,
            facts=facts,
            holds={
                "class": granted and covers,
                "district": last is not None and last.statement.issuer == known.district,
            },
        )

    def _body(self, known: ClassFact) -> Node:
        """The appointment of the evaluation body, as the city's acts say it."""
        said = [
            one
            for one in said_about(self._connection, f"party/{known.body}")
            if one.statement.kind in ("body-appointed", "body-suspended")
        ]
        facts = {"body": party_shown(self._view, known.body)}
        covers = any(
            one.statement.kind == "body-appointed" and known.project in _listed(one, "projects")
            for one in said
        )
        return self._node("body", known.body, said, facts=facts, holds={"project": covers})

    def _standard(self, known: ClassFact) -> Node:
        said = said_about(self._connection, f"standard/{known.standard}")
        fact = self._view.get(StandardFact, known.standard)
        if fact is None:
            raise Unavailable("STANDARD_MISSING", "the standard of a class is not there", fix="Run fsck.")
        standard = Standard.from_body(fact.document)
        facts = {
            "zh": standard.title,
            "en": standard.title_en,
            "version": standard.version,
            "hours": standard.hours,
            "project": standard.project,
        }
        return self._node(
            "standard",
            known.standard,
            said,
            facts=facts,
            holds={"project": standard.project == known.project},
        )

    def _node(
        self, kind: str, name: str, said: list[Said], *, facts: dict[str, Any], holds: dict[str, bool]
    ) -> Node:
        entries = [shown(self._connection, self._view, one, published=self._published) for one in said]
        return {"node": kind, "id": name, "facts": facts, "holds": holds, "entries": entries}


def _cause(fact: CertificateFact) -> list[str] | None:
    """Why it is not in force, in Chinese and English, with the national status."""
    cause = None if fact.reason is None else cause_of_state(fact.state.value, fact.reason)
    if cause is None:
        return None
    code = cause.national.value
    return [f"{cause.zh}（国家状态码 {code}）", f"{cause.en} (national status {code})"]


def _in(body: Any, known: ClassFact) -> bool:
    return bool(body.get("class_id") == known.id)


def _listed(said: Said, name: str) -> list[object]:
    found = said.statement.body.get(name)
    return list(found) if isinstance(found, list | tuple) else []
