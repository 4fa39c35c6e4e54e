"""Door: the PDF and the card of a certificate for its own holder, drawn when they ask.

Promises: what paper and picture say is what the credential says, by the shipped template; only while the
certificate stands, as nothing else is printed anywhere; recorded before it is drawn. The service holds no
body's key, so this PDF bears no seal, and says so: who wants a sealed one asks the body. It carries
credential and proof, and verifies as the body's own file does.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import Final

from issuers.authority.class_facts import State
from issuers.printing.card import draw_card
from issuers.printing.page import PageFields
from issuers.qr import make_text
from issuers.sign.desk.artefacts import Note, page_fields
from ledger.errors import Refused
from registry.callers.limiting import PAPER, count
from registry.certificates.verifying import proof_at
from registry.holders.own import Held, one_held
from registry.holders.visits import Visit
from registry.persons.read_audit import record_holder
from registry.service import Service

UNSEALED: Final = "持证人下载，未加盖机构电子签章"
"""The remark on every page made here; before it, the version where it is not the first."""

_PRESS: Final = threading.Lock()  # typst's compiler is one for the process, and draws for one at a time
_DEMO_HOST: Final = ".example"  # RFC 2606: nothing real has such a name


class Form(StrEnum):
    """What a holder takes away."""

    PDF = "pdf"
    CARD = "card"


MEDIA_TYPES: Final = {Form.PDF: "application/pdf", Form.CARD: "image/png"}
FILES: Final = {Form.PDF: "certificate.pdf", Form.CARD: "card.png"}
"""Named like the files of the body, never by number or name."""


def paper(service: Service, visit: Visit, certificate: bytes, form: Form, *, caller: str) -> bytes:
    """The file. Raises Refused CERTIFICATE_UNKNOWN (also for somebody else's), CERTIFICATE_NOT_VALID, and as
    card and page are drawn."""
    count(service, PAPER, f"person {visit.person.hex()}")  # beside the caller's: one visit has many addresses
    with service.database.transaction() as connection:
        held = one_held(connection, service.people, visit.person, certificate)
        if held.fact.state is not State.VALID:
            raise Refused(
                "CERTIFICATE_NOT_VALID", "no paper is made of a certificate that does not stand at present"
            )
        record_holder(
            connection,
            service.people,
            caller,
            purpose=f"holder-{form.value}",
            what=f"certificate/{certificate.hex()}",
            fields="name,number,code",
            now_ms=service.clock.now_ms(),
        )
    host = service.settings.qr_origin
    qr = make_text(host=host, code=held.claims.code, credential=held.raw)
    page = _page(held, qr, host=host, demo=service.origin.partition("/")[0].endswith(_DEMO_HOST))
    if form is Form.CARD:
        return draw_card(page.card, qr)
    return _pdf(page, held, host=host, proof=proof_at(service, held.fact.proof_seq))


def _pdf(page: PageFields, held: Held, *, host: str, proof: bytes | None) -> bytes:
    # Not above: the press takes memory that a process which draws nothing need not give.
    from issuers.printing.certificate_pdf import make_pdf
    from issuers.printing.templates import shipped

    template = shipped(held.fact.kind)
    with _PRESS:
        return make_pdf(page, host=host, credential=held.raw, proof=proof, template=template, english=True)


def _page(held: Held, qr: str, *, host: str, demo: bool) -> PageFields:
    """As the body's own program has it where it names no person: then the body answers."""
    note = Note(
        host=host,
        kind=held.fact.kind,
        stage=held.standard.stage,
        course_en=held.standard.title_en,
        institution=held.institution.name,
        body=held.body.name,
        responsible=(held.body.name,),
        issued_on=held.fact.issued_on,
        demo=demo,
        trained_from=held.known.first_day,
        trained_to=held.known.last_day,
        remark=_remark(held),
    )
    return page_fields(held.claims, note, qr)


def _remark(held: Held) -> str:
    """Which version it is, where it is not the first; and that nobody sealed it."""
    renewed = held.fact.renewed
    if renewed is None:
        return UNSEALED
    day = renewed.on
    return f"第{renewed.version}版 {day.year}年{day.month}月{day.day}日；{UNSEALED}"
