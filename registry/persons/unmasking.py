"""Door: a name and number in clear, for one certificate and one purpose, recorded before they are shown.

Everything else that a person at a screen sees is masked. Who unmasks is a supervisor in office, the class is
of their own district; so many an hour and a day, counted by person. What cannot be recorded is not shown.
"""

from __future__ import annotations

from enum import StrEnum

from ledger.errors import Refused
from registry.callers.limiting import UNMASK, count_in, need_room
from registry.persons.read_audit import Reader, record
from registry.service import Service
from registry.storage.facts import TableView
from registry.supervision.holders import own_certificate, paper_of
from registry.supervision.ward import ward_of


class Purpose(StrEnum):
    """What a name may be needed for; the reader answers for the word they choose."""

    INSPECTION = "inspection"  # 检查
    COMPLAINT = "complaint"  # 投诉
    CORRECTION = "correction"  # 更正
    HOLDER_REQUEST = "holder-request"  # 本人申请
    COURT_ORDER = "court-order"  # 司法协助


def unmask(service: Service, reader: Reader, certificate: bytes, purpose: Purpose) -> dict[str, object]:
    """The answer of POST /api/supervision/unmask.

    Raises Refused ACCESS_DUTY, CERTIFICATE_UNKNOWN (also for another district's), HOLDER_ERASED; TooMany.
    """
    need_room(service, UNMASK, reader.reader)
    with service.database.transaction() as connection:
        fact = own_certificate(TableView(connection), ward_of(service, connection, reader), certificate)
        count_in(connection, service, UNMASK, reader.reader)
        what, now_ms = f"certificate/{fact.id.hex()}", service.clock.now_ms()
        word, fields = f"unmask-{purpose.value}", "name,number"
        record(connection, service.people, reader, purpose=word, what=what, fields=fields, now_ms=now_ms)
    # A crash between here and the answer leaves a record of a read that did not happen; never the reverse.
    with service.database.reading() as connection:
        paper = paper_of(service, connection, fact)
    if paper is None:
        raise Refused("HOLDER_ERASED", "the holder's data was erased")
    return {"certificate": fact.id.hex(), "name": paper.claims.name, "number": paper.claims.number}
