"""Door: effects of a new version: act, credential, and what was held for it say the same.

Promises: a version goes out only under the code and place held for it, to the person the certificate is for;
a reissue says what the version before said, and a correction says something else.
"""

from __future__ import annotations

from issuers.acts.certificates import CertificateCorrected, NewVersion
from issuers.authority.class_facts import CertificateFact, ClassFact, StandardFact
from issuers.credential import Credential, first_second_after, parse_credential
from issuers.identifiers.identity import IdNumber, last_four
from issuers.identifiers.names import check_name
from issuers.standard import Standard
from ledger.errors import Refused
from registry.certificates import reservations, revisions
from registry.certificates.revisions import Revised
from registry.writing.effects.certificates import need_same, trainee_of
from registry.writing.effects.deed import Deed


def certificate_renewed(deed: Deed) -> None:
    """Raises Refused REVISION_MISSING, REVISION_EXPIRED, RESERVATION_OTHER, CREDENTIAL_DIFFERS, VALUE_FORM or
    VERSION_SAME; Malformed of the name; Unavailable PERSON_ERASED."""
    act: NewVersion = deed.act
    fact = deed.need(CertificateFact, deed.statement.subject.removeprefix("certificate/"))
    held = revisions.find(deed.connection, deed.people, fact.id, act.version)
    reserved = reservations.of_certificate(deed.connection, deed.people, fact.id)
    former = revisions.credential_of(deed.connection, deed.people, fact.id, fact.version)
    if held is None or reserved is None or former is None:
        raise Refused("REVISION_MISSING", "nothing is held for this version", fix="Prepare first.")
    opened = deed.openings[0].fields
    need_same(
        {
            "status_list": (act.status_list, held.status_list),
            "status_index": (act.status_index, held.status_index),
            "openings[0].number": (opened["number"], reserved.number),
        },
        "RESERVATION_OTHER",
        "the act differs from what was held for this version",
    )
    assert deed.credential is not None, "read_item demands a credential"
    claims = deed.credential.claims
    _check_credential(deed, fact, held, number=reserved.number, name=opened["name"])
    _check_change(deed, claims, parse_credential(former[1]).claims)
    if deed.time_ms > held.expires_ms:
        raise Refused("REVISION_EXPIRED", "what was held has run out", fix="Prepare again: it stays.")
    raw = deed.credential.message.raw
    revisions.keep_credential(deed.connection, deed.people, held, raw)
    deed.keep([held.person])


def _check_credential(deed: Deed, fact: CertificateFact, held: Revised, *, number: str, name: object) -> None:
    """Every field of the credential against the act, what was held, the roster and the standard."""
    assert deed.credential is not None
    claims, message = deed.credential.claims, deed.credential.message
    known = deed.need(ClassFact, fact.class_id.hex())
    standard = Standard.from_body(deed.need(StandardFact, known.standard).document)
    trainee = trainee_of(deed, fact.class_id, fact.candidate)
    printed = last_four(IdNumber(trainee.id_type, trainee.id_number))
    need_same(
        {
            "kid": (message.kid, deed.statement.kid),
            "iat": (claims.issued_at, deed.statement.issued_at),
            "exp": (claims.expires_at, first_second_after(deed.act.expires_on)),
            "number": (claims.number, number),
            "code": (claims.code, held.code),
            "name": (claims.name, name),
            "course": (claims.course, standard.title),
            "hours": (claims.hours, standard.hours),
            "status_list": (claims.status_list, held.status_list),
            "status_index": (claims.status_index, held.status_index),
            "last_four": (claims.last_four or printed, printed),
            "version": (claims.version, held.version),
            "issued_on": (claims.first_issued_on, fact.issued_on),
        },
        "CREDENTIAL_DIFFERS",
        "the credential says something else than act, roster or standard",
        prefix="credential.",
    )


def _check_change(deed: Deed, claims: Credential, former: Credential) -> None:
    same = (claims.name, claims.last_four) == (former.name, former.last_four)
    if isinstance(deed.act, CertificateCorrected):
        if same:
            raise Refused("VERSION_SAME", "a correction says something else", fix="Reissue it instead.")
        if check_name(claims.name).shown != claims.name:
            raise Refused("VALUE_FORM", "a value is not in its normal form", where="openings[0].name")
    elif not same:
        where = "name" if claims.name != former.name else "last_four"
        what = "a reissue says what the version before said"
        raise Refused("CREDENTIAL_DIFFERS", what, where=f"credential.{where}")
