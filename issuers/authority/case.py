"""One act before the judge: the statement, its signer, its place in the log, and what it may ask. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, timezone

from issuers.acts.words import COMMITTED, Duty
from issuers.authority.party_facts import Key, Officer, Party, officer_key
from issuers.authority.view import F, View
from ledger.errors import Malformed, Refused
from ledger.statement import Statement

TIME_MAX_MS = 253_402_214_400_000  # the end of 9999 in Shanghai and in UTC: beyond, dates overflow
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")  # no daylight saving since 1991
_DAY_0, _DAY_MS, _EIGHT_HOURS_MS = date(1970, 1, 1).toordinal(), 86_400_000, 28_800_000


@dataclass(frozen=True, slots=True)
class Case:
    """`seq` and `time_ms` are those at which the act takes force: its leaf's, or its approval's.

    `officer` is the signer, acting under the `duty` of the row of the table that matched.
    """

    view: View
    statement: Statement
    seq: int
    time_ms: int
    key: Key
    party: Party
    officer: Officer
    duty: Duty

    @property
    def day(self) -> date:
        """The Shanghai date of the leaf."""
        return shanghai_date(self.time_ms)

    def subject(self, noun: str) -> str:
        """What follows `noun/` in the subject. Raises Refused SUBJECT_KIND."""
        kind, slash, rest = self.statement.subject.partition("/")
        if kind != noun or not slash or not rest:
            raise Refused("SUBJECT_KIND", f"the subject of this act is {noun}/…", where="sub")
        return rest

    def subject_id(self, noun: str, size: int = 16) -> bytes:
        """The id in the subject, lower-case hex of `size` bytes. Raises Refused SUBJECT_ID."""
        text = self.subject(noun)
        try:
            value = bytes.fromhex(text)
        except ValueError:
            value = b""
        if len(value) != size or value.hex() != text:
            raise Refused("SUBJECT_ID", f"the subject is {noun}/ and {2 * size} hex digits", where="sub")
        return value

    def need(self, kind: type[F], key: str, code: str, what: str) -> F:
        """The fact, or Refused `code`."""
        fact = self.view.get(kind, key)
        if fact is None:
            raise Refused(code, what)
        return fact

    def need_absent(self, kind: type[F], key: str, code: str, what: str) -> None:
        """Raises Refused `code` if the fact exists."""
        if self.view.get(kind, key) is not None:
            raise Refused(code, what)

    def need_scope(self, project: str) -> None:
        """Raises Refused OFFICER_SCOPE when the signer's appointment does not cover the project."""
        if self.officer.projects and project not in self.officer.projects:
            raise Refused("OFFICER_SCOPE", "the signer is not appointed for this project")

    def need_entries(self, entries: Sequence[Mapping[str, bytes]], extra: tuple[str, ...] = ()) -> None:
        """Entries name exactly the committed fields of the act, and stand in strict order of first digest.

        The order is that of random digests, so an entry's place says nothing about a person.
        Raises Refused ENTRY_FIELDS or ENTRY_ORDER.
        """
        fields = {*COMMITTED[self.statement.kind], *extra}
        first = COMMITTED[self.statement.kind][0]
        last = b""
        for place, entry in enumerate(entries):
            if entry.keys() != fields:
                raise Refused("ENTRY_FIELDS", "the entry commits to other fields", where=f"entries[{place}]")
            if entry[first] <= last:
                raise Refused("ENTRY_ORDER", "entries stand in order of digest", where=f"entries[{place}]")
            last = entry[first]


def officer_in_force(view: View, party: str, staff: bytes, duty: Duty, day: date) -> Officer | None:
    """The appointment that lets this person do this duty for the party on this Shanghai date, or None."""
    officer = view.get(Officer, officer_key(party, staff))
    if officer is None or duty not in officer.duties or officer.dismissed_ms is not None:
        return None
    return officer if officer.first_day <= day <= officer.last_day else None


def shanghai_date(time_ms: int) -> date:
    """The calendar date in Shanghai of milliseconds since 1970. Raises Malformed TIME_RANGE."""
    if not 0 <= time_ms < TIME_MAX_MS:
        raise Malformed("TIME_RANGE", "a time before 1970 or after 9999")
    return date.fromordinal(_DAY_0 + (time_ms + _EIGHT_HOURS_MS) // _DAY_MS)
