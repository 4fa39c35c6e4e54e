"""Flows of parties, their people and keys: enrolment, staff ids, any act from a file, approval, genesis.

An act that needs a second officer is logged at once and takes force with the approval. Whoever approves is
shown what the hash stands for: a hash alone is nothing a person can agree to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final

from issuers.acts import read_act
from issuers.acts.parties import Genesis, GenesisKey
from issuers.base64url import from_b64, to_b64
from issuers.enrolment import open_enrolment, sign_enrolment
from issuers.identifiers.identity import normalise, parse_id_type
from issuers.identifiers.names import check_name
from issuers.json_in import from_hex, from_object, read_object
from issuers.shape import Size, to_map
from issuers.sign.desk.desk import Desk
from issuers.sign.drafting import Speaker
from issuers.sign.parcel import Answer, Parcel
from ledger import cbor
from ledger.errors import Malformed, Refused
from ledger.keys import PublicKey
from ledger.leaf import STATEMENT_BYTES_MAX, parse_leaf
from ledger.proof import parse_proof
from ledger.statement import Statement, check_statement, parse_statement

RULES: Final = 1
CITY: Final = "city"


@dataclass(frozen=True, slots=True)
class PersonFile:
    """The JSON file that asks for a person's staff id."""

    id_type: Annotated[str, Size(1, 40)]
    id_number: Annotated[str, Size(1, 64)] = field(repr=False)
    name: Annotated[str, Size(1, 64)] = field(repr=False)


def enrol(speaker: Speaker, staff: bytes, *, now_ms: int, fresh: bytes) -> bytes:
    """The enrolment of the speaker's own key for a person: what the party's admin puts into an act."""
    claims = speaker.claims(f"officer/{staff.hex()}", now_ms=now_ms, fresh=fresh)
    return sign_enrolment(speaker.signer, claims)


def staff_id(desk: Desk, data: bytes, *, today: date) -> bytes:
    """The staff id of the person in a JSON file. Raises Malformed, naming the member and never its value."""
    where = "person"
    person = from_object(PersonFile, read_object(data, where=where), where=where)
    document = normalise(parse_id_type(person.id_type), person.id_number, today=today)
    body: dict[str, cbor.Value] = {
        "id_type": document.type.value,
        "id_number": document.number,
        "name": check_name(person.name).shown,
    }
    return desk.client.staff(desk.request("staff", f"party/{desk.speaker.party}", body))


def draft_act(desk: Desk, kind: str, subject: str, body: Mapping[str, cbor.Value]) -> Statement:
    """The signed act, to be shown before `send_act`; neither stored nor sent yet."""
    return parse_statement(desk.say(kind, subject, body))


def send_act(desk: Desk, statement: Statement) -> Answer:
    """Stores and sends a drafted act."""
    return desk.post(statement.subject, Parcel(statement.raw))


def act(desk: Desk, kind: str, subject: str, body: Mapping[str, cbor.Value]) -> tuple[Statement, Answer]:
    """Signs and sends an act in one step, for callers that show nothing."""
    statement = draft_act(desk, kind, subject, body)
    return statement, send_act(desk, statement)


def logged_statement(desk: Desk, seq: int) -> Statement:
    """The statement at a place of the log, as its published proof carries it. Raises Refused ENTRY_UNSEEN."""
    data = desk.client.proof(seq)
    proof = parse_proof(data) if data is not None else None
    if proof is None or proof.extra is None or proof.index != seq:
        fix = "Wait until the log is published, or give the statement as a file."
        raise Refused("ENTRY_UNSEEN", "the log does not show this entry yet", where=f"seq {seq}", fix=fix)
    return parse_statement(parse_leaf(proof.extra).statement)


def need_same(statement: Statement, statement_hash: bytes) -> None:
    """Raises Refused HASH_OTHER unless the statement is the one the hash names."""
    if statement.hash != statement_hash:
        raise Refused("HASH_OTHER", "the statement shown is not the one to be approved")


def approve(desk: Desk, statement_hash: bytes) -> Answer:
    """The second officer's yes to the statement of this hash; said once by one key."""
    subject = f"statement/{statement_hash.hex()}"
    key = f"approve/{statement_hash.hex()}/{desk.speaker.signer.public.kid.hex()}"
    earlier = desk.said(key)
    if earlier is not None:
        return earlier
    return desk.post(subject, Parcel(desk.say("approve", subject, {}), key=key))


def draft_genesis(
    speaker: Speaker, enrolments: Sequence[bytes], *, city: str, city_en: str, now_ms: int, fresh: bytes
) -> bytes:
    """The first statement of a log, signed by one of the three holders.

    Raises Malformed GENESIS_KEYS, GENESIS_SIGNER, or of an enrolment that is not for this city and log.
    """
    keys, own = [], False
    for place, raw in enumerate(enrolments):
        key, claims = open_enrolment(raw)
        noun, _, staff = claims.sub.partition("/")
        if (claims.iss, claims.aud, noun) != (CITY, speaker.origin, "officer"):
            what = "the enrolment is not for an officer of the city and this log"
            raise Malformed("GENESIS_KEYS", what, where=f"enrolment {place + 1}")
        own = own or key.kid == speaker.signer.public.kid
        keys.append(GenesisKey(from_hex(staff, where=f"enrolment {place + 1}", size=16), raw))
    if len(keys) != 3 or len({key.staff for key in keys}) != 3:
        raise Malformed("GENESIS_KEYS", "three enrolments of three people")
    if not own:
        raise Malformed("GENESIS_SIGNER", "genesis is signed with one of the three keys it names")
    body = to_map(Genesis(speaker.origin, city, city_en, tuple(keys), RULES))
    return speaker.say("genesis", "log", body, now_ms=now_ms, fresh=fresh)


def approve_genesis(speaker: Speaker, genesis: bytes, *, now_ms: int, fresh: bytes) -> bytes:
    """The approval of a genesis by the holder of another of its keys. Raises Malformed GENESIS_SIGNER."""
    statement = parse_statement(genesis)
    keys = _kids_of(statement)
    own = speaker.signer.public.kid
    if own not in keys or statement.kid not in keys or own == statement.kid:
        raise Malformed("GENESIS_SIGNER", "another of the three keys approves than the one that signed")
    if statement.audience != speaker.origin:
        raise Malformed("GENESIS_LOG", "the genesis is of another log than this home speaks to")
    check_statement(statement, keys[statement.kid])
    return speaker.say("approve", f"statement/{statement.hash.hex()}", {}, now_ms=now_ms, fresh=fresh)


def genesis_file(statements: Sequence[bytes]) -> bytes:
    """The file `malan init --genesis` reads: the genesis, and the approval once there is one."""
    document: dict[str, Any] = {"v": 1, "statements": [to_b64(raw) for raw in statements]}
    return json.dumps(document, indent=1).encode() + b"\n"


def read_genesis_file(data: bytes) -> list[bytes]:
    """The statements of a genesis file, unchecked. Raises Malformed GENESIS_FILE."""
    match read_object(data, where="genesis file"):
        case {"v": 1, "statements": [*items], **rest} if not rest and 1 <= len(items) <= 2:
            where = "genesis file"
            return [from_b64(item, bytes_max=STATEMENT_BYTES_MAX, where=where) for item in items]
    raise Malformed("GENESIS_FILE", "not a genesis file of this program")


def _kids_of(statement: Statement) -> dict[bytes, PublicKey]:
    read = read_act(statement)
    if not isinstance(read, Genesis):
        raise Malformed("GENESIS_FILE", "the file does not hold a genesis")
    opened = (open_enrolment(item.enrolment)[0] for item in read.keys)
    return {key.kid: key for key in opened}
