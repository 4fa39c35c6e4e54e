"""What only the whole log shows: nothing issued without a result, no number open, nothing held twice.

Pure. A second opinion beside the judge: it reads the acts themselves, admitted or not, and keeps its own
books on what certificates and money hang on. A slip in the authority rules does not pass unseen here.

Source: notice 三(六); design decisions 5, 12, 14; decision record 0005 (every number issued or voided).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from issuers.acts.certificates import (
    CertificateCancelled,
    CertificateCorrected,
    CertificateIssued,
    CertificateReissued,
    CertificateRestored,
    CertificateRevoked,
    CertificateSuspended,
    ClaimDecided,
    ClaimSubmitted,
    ClaimWithdrawn,
    NumberVoided,
)
from issuers.acts.classes import ClassOpened, EvaluationConfirmed, Sheet, StandardPublished
from issuers.standard import Standard
from ledger.errors import MalanError
from ledger.merkle import HASH_SIZE
from verify.audit.findings import Findings
from verify.audit.kept import Record, joined, split, torn
from verify.audit.replay import Heard

NUMBER_OPEN_MAX_MS: Final = 72 * 3_600_000
ID_BYTES: Final = 16
_KINDS: Final = frozenset(
    {
        *("standard-published", "class-opened", "sheet", "evaluation-confirmed"),
        *("certificate-issued", "number-voided", "certificate-suspended", "certificate-restored"),
        *("certificate-revoked", "certificate-cancelled", "certificate-corrected", "certificate-reissued"),
        *("claim-submitted", "claim-decided", "claim-withdrawn"),
    }
)


@dataclass(slots=True)
class _Class:
    """Books on one class: `sheets` by statement hash with the person who signed, `used` by candidate."""

    standard: str = ""
    sheets: dict[bytes, bytes | None] = field(default_factory=dict)
    evaluation: bytes = b""
    confirmed_ms: int = 0
    passed: frozenset[bytes] = frozenset()
    used: set[bytes] = field(default_factory=set)


class Rules:
    """Takes statement after statement; `close` names what is still open at the time of the audit."""

    def __init__(self) -> None:
        self.findings = Findings()
        self._standards: dict[str, int] = {}  # the fewest evaluators
        self._classes: dict[str, _Class] = {}
        self._slots: set[tuple[int, int]] = set()
        self._credentials: set[bytes] = set()
        self._ended: set[str] = set()  # subjects of certificates that were revoked or cancelled
        self._holds: dict[bytes, int] = {}  # live nullifiers and the seq of their claim
        self._claims: dict[str, tuple[bytes, ...]] = {}
        self._late = 0

    def remember(self) -> Iterator[Record]:
        """The books, for `verify.audit.kept`."""
        for name, least in self._standards.items():
            yield ["standard", name, least]
        for subject, one in self._classes.items():
            yield ["class", subject, one.standard, one.evaluation, one.confirmed_ms]
            for statement, staff in one.sheets.items():
                yield ["sheet", subject, statement, staff or b""]
            for what, ids in (("passed", one.passed), ("used", one.used)):
                for group in joined(sorted(ids)):
                    yield [what, subject, group]
        slots = (place.to_bytes(4, "big") + index.to_bytes(4, "big") for place, index in sorted(self._slots))
        for group in joined(slots):
            yield ["slots", group]
        for group in joined(sorted(self._credentials)):
            yield ["credentials", group]
        yield ["ended", sorted(self._ended)]
        for nullifier, seq in self._holds.items():
            yield ["hold", nullifier, seq]
        for subject, nullifiers in self._claims.items():
            yield ["claim", subject, list(nullifiers)]
        yield ["late", self._late]

    def recall(self, records: Iterable[Record]) -> None:
        """Goes on from what was remembered. Raises Malformed KEPT_TORN."""
        for record in records:
            match record:
                case ["standard", str(name), int(least)]:
                    self._standards[name] = least
                case ["class", str(subject), str(standard), bytes(evaluation), int(confirmed_ms)]:
                    self._classes[subject] = _Class(standard, {}, evaluation, confirmed_ms)
                case ["sheet", str(subject), bytes(statement), bytes(staff)]:
                    self._class(subject).sheets[statement] = staff or None
                case ["passed", str(subject), bytes(group)]:
                    self._class(subject).passed |= frozenset(split(group, ID_BYTES))
                case ["used", str(subject), bytes(group)]:
                    self._class(subject).used.update(split(group, ID_BYTES))
                case ["slots", bytes(group)]:
                    for one in split(group, 8):
                        self._slots.add((int.from_bytes(one[:4], "big"), int.from_bytes(one[4:], "big")))
                case ["credentials", bytes(group)]:
                    self._credentials.update(split(group, HASH_SIZE))
                case ["ended", list(subjects)]:
                    self._ended.update(str(one) for one in subjects)
                case ["hold", bytes(nullifier), int(seq)]:
                    self._holds[nullifier] = seq
                case ["claim", str(subject), list(nullifiers)]:
                    self._claims[subject] = tuple(one for one in nullifiers if isinstance(one, bytes))
                case ["late", int(late)]:
                    self._late = late
                case _:
                    raise torn()

    def take(self, heard: Heard, *, gap: bool) -> object:
        """The act, if it is of a kind these rules look at, or None.

        `gap`: earlier entries are missing, so that something absent is no fault of this one.
        """
        statement, act = heard.statement, heard.act
        if statement.kind not in _KINDS or act is None:
            return None  # where it cannot be read, the replay names it
        where = f"seq {heard.seq}, {statement.kind}"
        match act:
            case StandardPublished():
                self._standard(statement.subject, act)
            case ClassOpened():
                self._class(statement.subject).standard = act.standard
            case Sheet():
                self._class(statement.subject).sheets[statement.hash] = heard.staff
            case EvaluationConfirmed():
                self._confirmed(heard, act, where, gap)
            case CertificateIssued():
                self._issued(heard, act, where, gap)
            case NumberVoided():
                self._number(heard, act.class_id, act.candidate, where)
                self._slot(act.status_list, act.status_index, where)
            case CertificateCorrected() | CertificateReissued():
                self._lived(heard, where)
                self._credential(act.credential, where)
                self._slot(act.status_list, act.status_index, where)
            case CertificateSuspended() | CertificateRestored():
                self._lived(heard, where)
            case CertificateRevoked() | CertificateCancelled():
                self._lived(heard, where, ends=True)
            case ClaimSubmitted():
                self._claimed(heard, act, where)
            case ClaimDecided(release=True) | ClaimWithdrawn():
                self._release(statement.subject)
        return act

    def close(self, *, at_ms: int) -> None:
        """Numbers neither issued nor voided: a departure 72 hours after the confirmation, else a note."""
        pending = 0
        for name, known in self._classes.items():
            for candidate in sorted(known.passed - known.used):
                if at_ms - known.confirmed_ms > NUMBER_OPEN_MAX_MS:
                    self.findings.departure("NUMBER_OUTSTANDING", f"{name}, candidate {candidate.hex()}")
                else:
                    pending += 1
        if pending:
            self.findings.note("NUMBERS_PENDING", "log", n=pending)
        if self._late:
            self.findings.note("NUMBERS_LATE", "log", n=self._late)

    def _class(self, subject: str) -> _Class:
        return self._classes.setdefault(subject, _Class())

    def _standard(self, subject: str, act: StandardPublished) -> None:
        try:
            least = Standard.from_body(act.document).evaluators_min
        except MalanError:
            return
        self._standards.setdefault(subject.partition("/")[2], least)

    def _confirmed(self, heard: Heard, act: EvaluationConfirmed, where: str, gap: bool) -> None:
        known = self._class(heard.statement.subject)
        if known.evaluation:
            self.findings.departure("EVALUATION_TWICE", where)
            return
        known.evaluation, known.confirmed_ms = heard.statement.hash, heard.time_ms
        known.passed = frozenset(act.passed)
        if gap:
            return
        if not known.sheets.keys() >= set(act.sheets):
            self.findings.departure("SHEET_NOT_LOGGED", where)
        if known.sheets.keys() - set(act.sheets):
            self.findings.departure("SHEET_LEFT_ASIDE", where)
        scorers = {known.sheets[one] for one in act.sheets if one in known.sheets} - {None}
        least = self._standards.get(known.standard, 2)
        if len(scorers) < least:
            self.findings.departure("EVALUATORS_TOO_FEW", where, n=len(scorers), needed=least)
        if heard.staff in scorers:
            self.findings.departure("EVALUATOR_ANSWERS", where)

    def _issued(self, heard: Heard, act: CertificateIssued, where: str, gap: bool) -> None:
        known = self._class(f"class/{act.class_id.hex()}")
        founded = known.evaluation == act.evaluation and act.candidate in known.passed
        if not founded and not gap:
            self.findings.departure("CERTIFICATE_UNFOUNDED", where)
        self._credential(act.credential, where)
        self._number(heard, act.class_id, act.candidate, where)
        self._slot(act.status_list, act.status_index, where)

    def _credential(self, credential: bytes, where: str) -> None:
        if credential in self._credentials:
            self.findings.departure("CREDENTIAL_TWICE", where)
        self._credentials.add(credential)

    def _lived(self, heard: Heard, where: str, *, ends: bool = False) -> None:
        """Nothing is said of a certificate that has ended. What the judge refused ends nothing."""
        if not heard.judged:
            return
        if heard.statement.subject in self._ended:
            self.findings.departure("CERTIFICATE_CAME_BACK", where)
        if ends:
            self._ended.add(heard.statement.subject)

    def _number(self, heard: Heard, class_id: bytes, candidate: bytes, where: str) -> None:
        known = self._class(f"class/{class_id.hex()}")
        if candidate in known.used:
            self.findings.departure("NUMBER_TWICE", where)
        known.used.add(candidate)
        if known.confirmed_ms and heard.time_ms - known.confirmed_ms > NUMBER_OPEN_MAX_MS:
            self._late += 1

    def _slot(self, status_list: int, status_index: int, where: str) -> None:
        if (status_list, status_index) in self._slots:
            self.findings.departure("STATUS_SLOT_TWICE", where)
        self._slots.add((status_list, status_index))

    def _claimed(self, heard: Heard, act: ClaimSubmitted, where: str) -> None:
        nullifiers = (act.project_nullifier, act.slot_nullifier)
        for one in dict.fromkeys(nullifiers):
            if one in self._holds:
                self.findings.departure("NULLIFIER_TWICE", where, first=self._holds[one])
            else:
                self._holds[one] = heard.seq
        self._claims[heard.statement.subject] = nullifiers

    def _release(self, subject: str) -> None:
        for one in self._claims.pop(subject, ()):
            self._holds.pop(one, None)
