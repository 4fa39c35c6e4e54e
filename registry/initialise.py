"""Door: makes a registry out of nothing: secrets, database, genesis, the first checkpoint.

Promises: an existing store is never touched; the genesis was judged before anything is created; a run that
broke off is simply run again. The service's own keys speak for nobody until the city enrols them, so their
proofs of possession are written out for the city's officers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.parties import Genesis
from issuers.acts.words import ServicePurpose
from issuers.authority.judge import admit
from issuers.authority.party_facts import GenesisFact
from issuers.authority.view import MemoryView
from issuers.enrolment import sign_enrolment
from issuers.files import private_directory, replace_file
from ledger.cose import Claims
from ledger.errors import MalanError, Malformed, Refused
from ledger.keys import Signer
from ledger.statement import Statement, parse_statement, uuid7
from ledger.store import entry, read_head
from registry.clock import Clock
from registry.published.policy_file import write_names
from registry.published.publishing import Publisher
from registry.secrets import PURPOSES, create_secrets, read_secrets
from registry.service import Service, assemble
from registry.settings import Settings
from registry.settings_check import check_settings
from registry.storage.database import Database
from registry.storage.secret_marks import write_marks
from registry.storage.upgrading import upgrade
from registry.writing.item import Submission
from registry.writing.submit import submit

CITY = "city"
_OTHER_HOME = "Choose another MALAN_HOME."
_OTHER_LOCK = "Choose another MALAN_LOCK_STORE; never remove one that holds a checkpoint."


@dataclass(frozen=True, slots=True)
class Initialised:
    """A registry with its genesis; `enrolments` go into the city's service-key acts within 30 days."""

    service: Service
    enrolments: Mapping[ServicePurpose, bytes]


def initialise(settings: Settings, statements: Sequence[bytes], *, clock: Clock | None = None) -> Initialised:
    """A new registry in `settings.home`; `statements` are the genesis and its approval.

    Raises Malformed GENESIS_FILE, what the judge raises, Refused STORE_EXISTS, and what files and database
    raise.
    """
    check_settings(settings)
    clock = clock or Clock()
    origin = check_genesis(statements, time_ms=clock.now_ms())
    _need_no_store(settings, origin)
    private_directory(settings.home)
    secrets_missing = [one for one in PURPOSES if not settings.secret_file(one).exists()]
    if len(secrets_missing) == len(PURPOSES):
        create_secrets(settings.secret_file)
    secrets = read_secrets(settings.secret_file)
    if not settings.database:
        _create_private(settings.home / "malan.db")
    upgrade(settings)
    database = Database(settings.database_url, busy_timeout_ms=settings.busy_timeout_ms)
    with database.transaction() as connection:
        write_marks(connection, secrets)
        if read_head(connection, origin).size > 0:
            raise Refused(
                "STORE_EXISTS", "there is a registry here already", fix="Choose another MALAN_HOME."
            )
    service = assemble(settings, database, secrets, clock=clock, origin=origin)
    service.lock.create()
    if service.lock.read() is not None:
        raise Refused("STORE_EXISTS", "the lock store holds a checkpoint of this log", fix=_OTHER_LOCK)
    # Crash here: an empty ledger, which the next run fills.
    for answer in submit(service, [Submission(raw) for raw in statements]):
        if isinstance(answer, MalanError):
            raise answer
    write_names(service)
    enrolments = _enrolments(service)
    place = private_directory(settings.home / "enrolments")
    for purpose, raw in enrolments.items():
        replace_file(place / f"{purpose.value}.cose", raw)
    Publisher(service).run_once()
    return Initialised(service, enrolments)


def check_genesis(statements: Sequence[bytes], *, time_ms: int) -> str:
    """The origin of the log these two statements found. Raises Malformed GENESIS_FILE, or as the judge."""
    if len(statements) != 2:
        raise Malformed(
            "GENESIS_FILE",
            "two statements are needed: the genesis and its approval by a second key",
            fix="Let the second officer run `malan-sign genesis approve`.",
        )
    view = MemoryView()
    read = [parse_statement(raw) for raw in statements]
    for seq, statement in enumerate(read):
        view.put(admit(view, statement, seq=seq, time_ms=time_ms))
    fact = view.get(GenesisFact, "log")
    if fact is None or not fact.in_force:
        raise Malformed("GENESIS_FILE", "the second statement does not approve the first")
    return _origin(read[0])


def _origin(statement: Statement) -> str:
    return cast(Genesis, read_act(statement)).origin


def _enrolments(service: Service) -> dict[ServicePurpose, bytes]:
    secrets = service.secrets
    signers: dict[ServicePurpose, Signer] = {
        ServicePurpose.CHECKPOINT: secrets.checkpoint,
        ServicePurpose.RECEIPT: secrets.receipt,
        ServicePurpose.STATUS: secrets.status,
    }
    found = {}
    for purpose, signer in signers.items():
        now_ms = service.clock.now_ms()
        cti = uuid7(time_ms=now_ms, randomness=os.urandom(10))
        claims = Claims(CITY, f"service/{purpose.value}", service.origin, now_ms // 1000, cti)
        found[purpose] = sign_enrolment(signer, claims)
    return found


def _need_no_store(settings: Settings, origin: str) -> None:
    """Before anything is made: a store whose keys are lost must not get new ones. Raises STORE_EXISTS."""
    if not settings.database and not (settings.home / "malan.db").exists():
        return
    database = Database(settings.database_url, busy_timeout_ms=settings.busy_timeout_ms)
    try:
        with database.reading() as connection:
            if sa.inspect(connection).has_table(entry.name) and read_head(connection, origin).size > 0:
                raise Refused("STORE_EXISTS", "there is a registry here already", fix=_OTHER_HOME)
    finally:
        database.close()


def _create_private(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
