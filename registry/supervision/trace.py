"""Door: the chain behind a certificate, and the chain a class carries, each link an entry of the log.

Promises: a node says what its entry in the log says, with place, time, signer, statement hash and where its
proof is; a link `holds` when the entry itself names the next by hash or id, read from the signed bytes. Names
and numbers are masked, and the read is recorded before the answer. Only the reader's own district.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ledger.errors import Refused, Unavailable
from registry.persons.read_audit import Reader, record
from registry.service import Service
from registry.storage.facts import TableView
from registry.supervision.chain import Chain, Node
from registry.supervision.holders import find_typed, own_certificate, paper_of
from registry.supervision.ward import Ward, own_class, ward_of

COUNT_SECONDS: Final = 2.0
MASKED: Final = "name_masked,number_masked"


def trace_typed(service: Service, reader: Reader, typed: str) -> Node:
    """The trace of the certificate whose number or code somebody typed. Raises as `trace_certificate`."""
    return _traced(service, reader, lambda ward: find_typed(service, ward, typed))


def trace_certificate(service: Service, reader: Reader, certificate: bytes) -> Node:
    """The trace of a certificate of the reader's district.

    Raises Refused ACCESS_DUTY, CERTIFICATE_UNKNOWN; the read is recorded, or nothing is shown.
    """
    return _traced(service, reader, lambda _: certificate)


def trace_class(service: Service, reader: Reader, class_id: bytes) -> Node:
    """What stands behind a class: result, sheets, roster, opening, accreditation, standard; nobody's name.

    Raises Refused ACCESS_DUTY, CLASS_UNKNOWN.
    """
    published = service.log.size()
    with service.database.reading() as connection:
        ward = ward_of(service, connection, reader)
        view = TableView(connection)
        known = own_class(view, ward, class_id)
        nodes = Chain(connection, view, published).behind(known)
    return {"class": class_id.hex(), "district": ward.district.id, "published": published, "nodes": nodes}


def _traced(service: Service, reader: Reader, find: Callable[[Ward], bytes | None]) -> Node:
    published = service.log.size()
    with service.book.lock:
        size = service.book.carry_on(service.database, service.origin, seconds=COUNT_SECONDS)
        behind = service.book.size < size
    with service.database.reading() as connection:
        ward = ward_of(service, connection, reader)
    certificate, unknown, fact = find(ward), None, None
    if certificate is None and behind:
        fix = "Try again in a moment."
        raise Unavailable("BOOK_BEHIND", "the service is still counting after its start", fix=fix)
    with service.database.transaction() as connection:
        try:
            fact = own_certificate(TableView(connection), ward, certificate)
        except Refused as error:
            unknown = error  # recorded as well: a refusal answers a guess, too
        what = f"certificate/{'unknown' if fact is None else fact.id.hex()}"
        now_ms = service.clock.now_ms()
        record(connection, service.people, reader, purpose="trace", what=what, fields=MASKED, now_ms=now_ms)
    if fact is None:
        assert unknown is not None
        raise unknown
    with service.database.reading() as connection:
        view = TableView(connection)
        fact = own_certificate(view, ward, fact.id)
        paper = paper_of(service, connection, fact)
        known = own_class(view, ward, fact.class_id)
        trace = Chain(connection, view, published)
        masked = None if paper is None else paper.masked()
        nodes = [trace.certificate(fact, known, masked), *trace.behind(known), *trace.claim(fact)]
    return {
        "certificate": fact.id.hex(),
        "class": known.id.hex(),
        "district": ward.district.id,
        "published": published,
        "nodes": nodes,
    }
