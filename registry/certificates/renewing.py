"""Door: what a signatory asks before signing: for the certificates of a class, or for one's next version.

Promises: a version is prepared only for whoever may sign it now, as the judge will ask; asking again gives
the same code and place. The name is that of the version in force: what a correction changes, its signer says.
"""

from __future__ import annotations

import sqlalchemy as sa

from issuers.acts.words import VERSION_MAX, Duty
from issuers.authority.class_facts import CertificateFact, ClassFact, State
from issuers.credential import Credential, parse_credential
from issuers.evidence import Trainee
from issuers.identifiers.identity import IdNumber, last_four
from issuers.shape import from_map
from ledger.commitment import decode_opening
from ledger.errors import Malformed, Refused, Unavailable
from registry.callers.requests import Asker, read_request, spend
from registry.callers.subjects import hex_id
from registry.certificates import reservations, revisions
from registry.certificates.preparing import class_document, class_for, prepare_class, standard_of
from registry.persons.read_audit import record
from registry.service import Service
from registry.storage.facts import TableView
from registry.storage.tables import candidate as candidate_table


def prepare(service: Service, raw: bytes) -> dict[str, object]:
    """The answer of POST /api/certificates/prepare, by the subject of the request.

    Raises as `read_request`, `prepare_class` and `prepare_version`; Unavailable while nothing can be written.
    """
    service.need_writable()
    asker = read_request(service, raw, name="certificates", duties={Duty.SIGNATORY})
    if asker.request.claims.sub.startswith("certificate/"):
        return prepare_version(service, asker)
    return prepare_class(service, asker)


def prepare_version(service: Service, asker: Asker) -> dict[str, object]:
    """What the next version of a certificate is signed from.

    Raises Malformed REQUEST_BODY; Refused REQUEST_USED, CERTIFICATE_UNKNOWN, CERTIFICATE_STATE,
    VERSION_OTHER, CLASS_OTHER, BODY_…; Unavailable PERSON_ERASED, OPENING_MISSING.
    """
    certificate = hex_id(asker.request.claims.sub, "certificate")
    batch, wanted = _body(asker)
    now_ms = service.clock.now_ms()
    with service.database.transaction() as connection:
        spend(connection, asker, now_ms=now_ms)
        view = TableView(connection)
        fact = view.get(CertificateFact, certificate.hex())
        if fact is None:
            raise Refused("CERTIFICATE_UNKNOWN", "no such certificate is logged")
        known = class_for(view, fact.class_id, asker, now_ms)
        _need_next(fact, wanted)
        reserved, claims = _held(service, connection, fact)
        held = revisions.hold(connection, service.people, fact, reserved.person, now_ms=now_ms)
        trainee = trainee_of(service, connection, known, fact.candidate)
        record(
            connection,
            service.people,
            asker,
            purpose="prepare",
            what=f"certificate/{certificate.hex()}",
            fields="name,number,code,id_last4",
            now_ms=now_ms,
        )
        told = class_document(service, view, known, standard_of(view, known))
    # Crash here: code and place are held; asking again gives the same ones.
    return {
        **told,
        "batch": batch.hex(),
        "expires_ms": held.expires_ms,
        "items": [
            {
                "candidate": fact.candidate.hex(),
                "certificate": fact.id.hex(),
                "number": reserved.number,
                "code": held.code,
                "status_list": held.status_list,
                "status_index": held.status_index,
                "name": claims.name,
                "id_last4": last_four(IdNumber(trainee.id_type, trainee.id_number)),
            }
        ],
        "version": {
            "version": held.version,
            "former": fact.credential.hex(),
            "issued_on": fact.issued_on.isoformat(),
            "expires_on": None if fact.expires_on is None else fact.expires_on.isoformat(),
            "prints_id": claims.last_four is not None,
        },
    }


def trainee_of(service: Service, connection: sa.Connection, known: ClassFact, candidate: bytes) -> Trainee:
    """The opened roster entry of a candidate. Raises Unavailable PERSON_ERASED, OPENING_MISSING."""
    query = sa.select(candidate_table.c.roster, candidate_table.c.place).where(
        candidate_table.c.class_id == known.id, candidate_table.c.candidate == candidate
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Unavailable("OPENING_MISSING", "the roster entry is not there", fix="Run `malan fsck`.")
    raw = service.people.opening(connection, row.roster, row.place)
    return from_map(Trainee, decode_opening(raw).fields, where="roster")


def _held(
    service: Service, connection: sa.Connection, fact: CertificateFact
) -> tuple[reservations.Reserved, Credential]:
    """The reservation the certificate was issued under, and what its version in force says."""
    reserved = reservations.of_certificate(connection, service.people, fact.id)
    found = revisions.credential_of(connection, service.people, fact.id, fact.version)
    if reserved is None or found is None:
        raise Unavailable("OPENING_MISSING", "number or credential is not there", fix="Run `malan fsck`.")
    return reserved, parse_credential(found[1]).claims


def _need_next(fact: CertificateFact, wanted: int) -> None:
    if fact.state is not State.VALID:
        raise Refused("CERTIFICATE_STATE", f"this cannot be said of a {fact.state} certificate")
    if wanted != fact.version + 1:
        raise Refused(
            "VERSION_OTHER", "another version is in force", fix="Ask for the one after it: run it again."
        )


def _body(asker: Asker) -> tuple[bytes, int]:
    match dict(asker.request.body):
        case {"batch": bytes(batch), "version": int(version), **rest} if (
            not rest and len(batch) == 16 and type(version) is int and 2 <= version <= VERSION_MAX
        ):
            return batch, version
    raise Malformed("REQUEST_BODY", f"the body is a batch id and a version from 2 to {VERSION_MAX}")
