"""Door: an audit that a supervisor starts here, and the reports that are kept.

Promises: the audit is the code of `malan-verify audit` over the published files, in a process that is
told of neither database nor secrets; of the classes named, and only of the reader's own district, it gets the
evidence, each read recorded before. It goes on from the checkpoint of the district's last sound audit. It
cannot convict the server it runs on; for that, a supervisor runs `malan-verify audit` themselves.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from issuers.acts.words import Duty
from issuers.authority.party_facts import GenesisFact
from issuers.bundle import BYTES_MAX
from issuers.carried import FORMS
from issuers.files import read_file
from ledger.errors import MalanError, Malformed, Refused, Unavailable
from registry.persons.evidence import SEEN, document_of
from registry.persons.read_audit import Reader, record
from registry.service import Service
from registry.storage.facts import TableView
from registry.supervision import audit_rows
from registry.supervision.runs import Outcome, Task
from registry.supervision.ward import own_class, ward_of

CLASSES_MAX: Final = 20  # whose evidence goes into one audit
SAY_SECONDS: Final = 2.0
_KINDS: Final = SEEN[Duty.SUPERVISOR]

log = structlog.get_logger()


def start(service: Service, reader: Reader, class_ids: Sequence[bytes]) -> dict[str, Any]:
    """Begins an audit with the evidence of these classes; answers with the run.

    Raises Refused ACCESS_DUTY, CLASS_UNKNOWN, AUDIT_RUNNING; Malformed AUDIT_CLASSES; Unavailable
    LOG_NOT_PUBLISHED.
    """
    if len(class_ids) > CLASSES_MAX or len(set(class_ids)) != len(class_ids):
        raise Malformed("AUDIT_CLASSES", f"at most {CLASSES_MAX} classes, each once", where="classes")
    if not (service.settings.log_directory / "checkpoint").exists():
        raise Unavailable("LOG_NOT_PUBLISHED", "the log has no checkpoint yet")
    if service.audits.busy:
        raise Refused("AUDIT_RUNNING", "an audit is running", fix="Wait for its end, then start another.")
    now_ms = service.clock.now_ms()
    with service.database.transaction() as connection:
        ward = ward_of(service, connection, reader)
        view = TableView(connection)
        for class_id in class_ids:
            own_class(view, ward, class_id)
            what, fields = f"class/{class_id.hex()}", ",".join(sorted(_KINDS))
            record(
                connection, service.people, reader, purpose="audit", what=what, fields=fields, now_ms=now_ms
            )
        party = ward.district.id
        number = audit_rows.begin(
            connection, party=party, staff=reader.staff, classes=len(class_ids), now_ms=now_ms
        )
        since = audit_rows.last_checkpoint(connection, party)
        genesis = view.get(GenesisFact, "log")
    assert genesis is not None, "a service has a genesis"
    try:
        task = _task(service, class_ids, since=since, genesis=genesis.statement)
        begun = service.audits.start(
            task, progress=_Progress(service, number), ended=lambda outcome: _end(service, number, outcome)
        )
    except BaseException:
        _end(service, number, None)
        raise
    if not begun:  # another request of this process was quicker
        _end(service, number, None)
        raise Refused("AUDIT_RUNNING", "an audit is running", fix="Wait for its end, then start another.")
    return found(service, reader, number)


def found(service: Service, reader: Reader, number: bytes) -> dict[str, Any]:
    """A run of the reader's district; with a report, also what it found, in words. Raises AUDIT_UNKNOWN."""
    with service.database.reading() as connection:
        row = audit_rows.find(connection, ward_of(service, connection, reader).district.id, number)
    told = audit_rows.shown(row, now_ms=service.clock.now_ms())
    return {**told, "report": _summary(row.json) if row.json else None}


def runs(service: Service, reader: Reader, *, before_ms: int | None = None) -> dict[str, Any]:
    """A page of the district's runs, the newest first."""
    now_ms = service.clock.now_ms()
    with service.database.reading() as connection:
        party = ward_of(service, connection, reader).district.id
        page = audit_rows.listed(connection, party, before_ms=before_ms, now_ms=now_ms)
    more = page[-1]["begun_ms"] if len(page) == audit_rows.PAGE else None
    return {"runs": page, "before_ms": more}


def report_file(service: Service, reader: Reader, number: bytes, form: str) -> bytes:
    """The kept report as JSON or HTML, as it was made. Raises Refused AUDIT_UNKNOWN."""
    with service.database.reading() as connection:
        row = audit_rows.find(connection, ward_of(service, connection, reader).district.id, number)
    data: bytes = row.json if form == "json" else row.html
    if not data:
        raise Refused("AUDIT_UNKNOWN", "this audit has no report")
    return data


def _task(service: Service, class_ids: Sequence[bytes], *, since: bytes | None, genesis: bytes) -> Task:
    settings = service.settings
    files = [("evidence", document_of(service, class_id, _KINDS)) for class_id in class_ids]
    for form in FORMS:
        path = settings.home / form.file
        if path.exists():  # read before the checkpoint, so never of a later size
            files.append((path.stem, read_file(path, bytes_max=BYTES_MAX)))
    if since is not None:
        files.append(("since", since))
    header = {
        "directory": str(settings.log_directory.absolute()),
        "place": f"{settings.qr_origin}/log",
        "at_ms": service.clock.now_ms(),
        "genesis": genesis.hex(),
    }
    return Task(header, files)


class _Progress:
    """Writes how far a run is, now and then."""

    def __init__(self, service: Service, number: bytes) -> None:
        self._service, self._number, self._said = service, number, float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._said < SAY_SECONDS and done != total:
            return
        self._said = time.monotonic()
        now_ms = self._service.clock.now_ms()
        with suppress(Unavailable), self._service.database.transaction() as connection:
            audit_rows.see(connection, self._number, done=done, total=total, now_ms=now_ms)


def _end(service: Service, number: bytes, outcome: Outcome | None) -> None:
    try:
        now_ms = service.clock.now_ms()
        with service.database.transaction() as connection:
            audit_rows.finish(connection, number, outcome, now_ms=now_ms)
    except MalanError as error:
        log.error("audit_not_kept", code=error.code)  # the run then shows as stopped


def _summary(document: bytes) -> dict[str, Any]:
    told = json.loads(document)
    names = ("departures", "could_not_check", "notes", "signals", "counts", "checks", "title", "cannot_show")
    facts = told["log"] or {}
    return {**{name: told[name] for name in names}, "size": facts.get("size"), "root": facts.get("root")}
