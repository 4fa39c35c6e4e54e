"""Door: what a stranger learns from a typed code: counted, recorded, and masked (`typed_codes`).

Promises: a look-up that cannot be counted and recorded is not answered; a code that was never given out, is
reserved and not issued, or whose holder was erased costs the same work and gets the same answer.
"""

from __future__ import annotations

from ledger.errors import Refused
from registry.callers.limiting import EVERYBODY, LOOK_UP, MISS, MISS_OF_ALL, count_in, need_room
from registry.certificates.typed_codes import public_answer
from registry.persons.read_audit import record_stranger
from registry.service import Service

PURPOSE = "public-look-up"


def look_up(service: Service, code: str, *, caller: str) -> dict[str, object]:
    """The masked answer to a code. Raises Malformed CODE_…; Refused CERTIFICATE_UNKNOWN; TooMany."""
    need_room(service, LOOK_UP, caller)
    need_room(service, MISS, caller)
    need_room(service, MISS_OF_ALL, EVERYBODY)
    answer, missed = None, None
    try:
        answer = public_answer(service, code)
    except Refused as error:
        missed = error
    what = f"certificate/{'unknown' if answer is None else answer['certificate']}"
    with service.database.transaction() as connection:
        count_in(connection, service, LOOK_UP, caller)
        if missed is not None:
            count_in(connection, service, MISS, caller)
            count_in(connection, service, MISS_OF_ALL, EVERYBODY)
        now_ms = service.clock.now_ms()
        record_stranger(
            connection, service.people, caller, purpose=PURPOSE, what=what, fields="masked", now_ms=now_ms
        )
    if answer is None:
        assert missed is not None
        raise missed
    return answer
