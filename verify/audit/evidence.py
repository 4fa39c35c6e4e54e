"""The results behind the commitments of a class: opened, recomputed under the pinned standard, compared.

Pure. Promises that every opening opens what was signed, that the statements are the log's own and none of the
class is left out, that the confirmed result is exactly what sheets, roster and standard give, and that every
opened number is well formed and used once. Names candidates by their random ids, never a person. It cannot
see whether the marks themselves were honest.

Source: notice 三(六); decision record 0005; issuers.evidence (opening), issuers.standard (arithmetic).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued, NumberVoided
from issuers.acts.classes import EvaluationConfirmed
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import ClassFact, StandardFact
from issuers.authority.view import MemoryView
from issuers.evidence import (
    Evidence,
    EvidenceStatement,
    Trainee,
    erased,
    from_json,
    of_kind,
    open_certificate,
    open_roster,
    open_sheet,
    open_voided,
    the_roster,
    the_sheets,
    withheld,
)
from issuers.standard import NOT_ON_ROSTER, Standard, evaluate
from ledger.errors import MalanError
from ledger.leaf import Leaf
from ledger.statement import parse_statement
from verify.audit.findings import Findings
from verify.audit.numbers import NumberBook, NumberForm, form_of
from verify.audit.replay import Heard

EVIDENCE: Final = "evidence"
_OF_CLASS: Final = frozenset({"roster", "sheet", "evaluation-confirmed", "number-voided"})
_ISSUED: Final = "certificate-issued"

Marks = dict[int, dict[bytes, dict[str, int]]]
"""By the seq of the sheet, candidate and component, in tenths."""


class EvidenceCheck:
    """The evidence of one class. Takes leaf after leaf; `close` opens and recomputes."""

    def __init__(self, raw: bytes) -> None:
        self.findings = Findings()
        self.evidence: Evidence | None = None
        self._places: dict[int, EvidenceStatement] = {}
        self._where = EVIDENCE
        try:
            self.evidence = from_json(raw)
        except MalanError as error:
            self.findings.could_not_check("EVIDENCE_UNREADABLE", f"{EVIDENCE}, {error.code}")
            return
        self._places = {item.seq: item for item in self.evidence.statements}
        self._where = f"class/{self.evidence.class_id.hex()}"

    def take(self, seq: int, leaf: Leaf | None, heard: Heard | None) -> None:
        """Is the statement shown for this place the log's own, and is one of the class kept back?"""
        if self.evidence is None or leaf is None:
            return
        shown = self._places.pop(seq, None)
        if shown is not None and (shown.statement, shown.time_ms) != (leaf.statement, leaf.time_ms):
            self.findings.departure("EVIDENCE_NOT_LOGGED", f"{EVIDENCE}, seq {seq}")
        if shown is None and heard is not None and self._is_of_class(heard):
            self.findings.could_not_check("EVIDENCE_LEFT_OUT", f"seq {seq}, {heard.statement.kind}")

    def _is_of_class(self, heard: Heard) -> bool:
        assert self.evidence is not None
        statement = heard.statement
        if statement.kind == _ISSUED:
            return statement.body.get("class_id") == self.evidence.class_id
        return statement.kind in _OF_CLASS and statement.subject == self._where

    def close(self, view: MemoryView, book: NumberBook) -> None:
        """`view` is the whole replay; `book` collects the numbers of every class audited together."""
        if self.evidence is None:
            return
        for seq in sorted(self._places):
            self.findings.departure("EVIDENCE_NOT_LOGGED", f"{EVIDENCE}, seq {seq}")
        known = view.get(ClassFact, self.evidence.class_id.hex())
        standard = _standard(view, known)
        if known is None or standard is None:
            self.findings.could_not_check("EVIDENCE_CLASS_UNKNOWN", self._where)
            return
        gone = self._erased(self.evidence, view)
        try:
            trainees = self._roster(self.evidence)
            marks = self._sheets(self.evidence, standard)
            confirmed = of_kind(self.evidence, "evaluation-confirmed")
        except MalanError as error:
            self.findings.refused(error, EVIDENCE)
            return
        for item in confirmed:
            self._result(item, standard, trainees, marks, gone)
        first_ms = min((item.time_ms for item in confirmed), default=0)
        self._numbers(self.evidence, form_of(view, known, standard, first_ms), trainees, book)

    def _erased(self, evidence: Evidence, view: MemoryView) -> int:
        """How many trainees an order in force has erased; what is kept back without one is named."""
        kept_back = set(withheld(evidence, view))
        for where in sorted(kept_back):
            self.findings.departure("OPENING_WITHHELD", where)
        count = sum(len(erased(item)) for item in evidence.statements) - len(kept_back)
        if count:
            self.findings.note("ENTRIES_ERASED", self._where, n=count)
        rosters = [item for item in evidence.statements if parse_statement(item.statement).kind == "roster"]
        places = (f"seq {item.seq}, entry {place}" for item in rosters for place in erased(item))
        return sum(where not in kept_back for where in places)

    def _roster(self, evidence: Evidence) -> dict[bytes, Trainee] | None:
        item = the_roster(evidence)
        if self._is_hidden(item):
            return None
        try:
            return open_roster(item)
        except MalanError as error:
            self.findings.refused(error, EVIDENCE)
            return None

    def _sheets(self, evidence: Evidence, standard: Standard) -> Marks | None:
        """The marks of all sheets; None where one does not open, each of which is named."""
        marks, whole = Marks(), True
        for item in the_sheets(evidence):
            try:
                if self._is_hidden(item):
                    whole = False
                else:
                    marks[item.seq] = open_sheet(item, standard.components)
            except MalanError as error:
                self.findings.refused(error, EVIDENCE)
                whole = False
        return marks if whole else None

    def _is_hidden(self, item: EvidenceStatement) -> bool:
        if not item.openings:
            self.findings.could_not_check("EVIDENCE_NOT_SHOWN", f"{EVIDENCE}, seq {item.seq}")
        return not item.openings

    def _result(
        self,
        item: EvidenceStatement,
        standard: Standard,
        trainees: Mapping[bytes, Trainee] | None,
        marks: Marks | None,
        gone: int,
    ) -> None:
        """`gone`: so many may have passed of whom nothing opens any more."""
        where = f"seq {item.seq}"
        act = read_act(parse_statement(item.statement))
        if trainees is None or marks is None or not isinstance(act, EvaluationConfirmed):
            self.findings.could_not_check("RESULTS_NOT_RECOMPUTED", where)
            return
        for seq, sheet in marks.items():
            for candidate in sorted(sheet.keys() - trainees.keys()):
                self.findings.departure("SHEET_OFF_ROSTER", f"seq {seq}, candidate {candidate.hex()}")
        try:
            results = evaluate(standard, marks, {one: trainees[one].attended for one in trainees})
        except MalanError as error:
            self.findings.refused(error, where)
            return
        deserved = {candidate for candidate, result in results.items() if result.passed}
        undeserved = sorted(set(act.passed) - deserved)
        unseen = [candidate for candidate in undeserved if candidate not in results][:gone]
        for candidate in undeserved:
            if candidate in unseen:
                continue
            reasons = results[candidate].reasons if candidate in results else (NOT_ON_ROSTER,)
            place = f"{where}, candidate {candidate.hex()}"
            self.findings.departure("PASSED_UNDESERVED", place, reasons=", ".join(reasons))
        for candidate in sorted(deserved - set(act.passed)):
            self.findings.departure("PASSED_OMITTED", f"{where}, candidate {candidate.hex()}")

    def _numbers(
        self,
        evidence: Evidence,
        form: NumberForm | None,
        trainees: Mapping[bytes, Trainee] | None,
        book: NumberBook,
    ) -> None:
        items = [*of_kind(evidence, _ISSUED), *of_kind(evidence, "number-voided")]
        if items and form is None:
            self.findings.could_not_check("NUMBERS_NOT_CHECKED", self._where)
            return
        for item in items:
            if self._is_hidden(item) or form is None or erased(item):
                continue
            try:
                self._number(item, form, trainees, book)
            except MalanError as error:
                self.findings.refused(error, f"seq {item.seq}")

    def _number(
        self,
        item: EvidenceStatement,
        form: NumberForm,
        trainees: Mapping[bytes, Trainee] | None,
        book: NumberBook,
    ) -> None:
        act = read_act(parse_statement(item.statement))
        where = f"seq {item.seq}"
        last_year = shanghai_date(item.time_ms).year
        if isinstance(act, NumberVoided):
            number = open_voided(item).number
        else:
            opened = open_certificate(item)
            number = opened.number
            assert isinstance(act, CertificateIssued)
            holder = trainees.get(act.candidate) if trainees is not None else None
            if holder is not None and holder.name != opened.name:
                place = f"{where}, candidate {act.candidate.hex()}"
                self.findings.departure("CERTIFICATE_NAME_OTHER", place)
        book.use(number, where, self.findings)
        form.check(number, last_year=last_year)


def _standard(view: MemoryView, known: ClassFact | None) -> Standard | None:
    fact = view.get(StandardFact, known.standard) if known is not None else None
    try:
        return Standard.from_body(fact.document) if fact is not None else None
    except MalanError:
        return None
