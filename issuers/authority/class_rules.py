"""Rules for what is published, accreditation, classes, sheets and results (rules version 1). Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from issuers.acts.classes import (
    AccreditationWithdrawn,
    ClassOpened,
    EvaluationConfirmed,
    InstitutionAccredited,
    PolicyPublished,
    Roster,
    Sheet,
    StandardPublished,
)
from issuers.acts.words import Duty, Role
from issuers.authority.case import Case, officer_in_force
from issuers.authority.class_facts import ClassFact, Passed, PolicyFact, SheetRef, StandardFact
from issuers.authority.party_facts import (
    Accreditation,
    BodyAppointment,
    Officer,
    Party,
    accreditation_key,
    officer_key,
)
from issuers.authority.party_rules import is_slug
from issuers.authority.view import Fact
from issuers.standard import Standard
from ledger.errors import Malformed, Refused

LATE_REGISTRATION = timedelta(days=31)  # a class may be registered up to this long after its last day


def policy_published(case: Case, act: PolicyPublished) -> list[Fact]:
    """A policy version is never changed, only followed by another."""
    name = case.subject("policy")
    if not is_slug(name):
        raise Refused("SUBJECT_ID", "a policy is named by lower-case words joined by hyphens", where="sub")
    case.need_absent(PolicyFact, name, "POLICY_EXISTS", "this version was published before")
    return [PolicyFact(name, act.document)]


def standard_published(case: Case, act: StandardPublished) -> list[Fact]:
    """A standard version is never changed: classes pin it."""
    name = case.subject("standard")
    case.need_absent(StandardFact, name, "STANDARD_EXISTS", "this version was published before")
    if Standard.from_body(act.document).id != name:
        raise Refused("STANDARD_NAME", "the document names another standard than the subject")
    return [StandardFact(name, act.document)]


def institution_accredited(case: Case, act: InstitutionAccredited) -> list[Fact]:
    """The district where the institution stands approves it for one project (属地化管理)."""
    name, project = _accreditation_subject(case)
    institution = case.need(Party, name, "PARTY_UNKNOWN", "no such institution was admitted")
    if institution.role is not Role.INSTITUTION or institution.region != case.party.region:
        raise Refused("DISTRICT_OTHER", "a district accredits the institutions of its own region")
    need_standing(institution)
    if act.last_day < act.first_day:
        raise Refused("TERM_ORDER", "a term ends on or after the day it begins")
    return [Accreditation(name, project, case.party.id, act.first_day, act.last_day)]


def accreditation_withdrawn(case: Case, act: AccreditationWithdrawn) -> list[Fact]:
    """No new class from here on; certificates issued before stand (domain B2)."""
    name, project = _accreditation_subject(case)
    known = case.need(
        Accreditation, accreditation_key(name, project), "ACCREDITATION_UNKNOWN", "no such accreditation"
    )
    if known.district != case.party.id:
        raise Refused("DISTRICT_OTHER", "only the district that accredited withdraws")
    return [replace(known, withdrawn_ms=case.time_ms)]


def class_opened(case: Case, act: ClassOpened) -> list[Fact]:
    """A class stands on an accreditation that covers all its days, and pins standard and body."""
    class_id = case.subject_id("class")
    case.need_absent(ClassFact, class_id.hex(), "CLASS_EXISTS", "this class was opened before")
    accreditation = case.need(
        Accreditation,
        accreditation_key(case.party.id, act.project),
        "ACCREDITATION_UNKNOWN",
        "the institution is not accredited for this project",
    )
    covered = accreditation.first_day <= act.first_day <= act.last_day <= accreditation.last_day
    if not covered or accreditation.withdrawn_ms is not None:
        raise Refused("ACCREDITATION_LAPSED", "the accreditation does not cover every day of the class")
    if case.day - LATE_REGISTRATION > act.last_day:
        raise Refused("CLASS_LATE", f"a class is registered within {LATE_REGISTRATION.days} days of its end")
    if _standard(case, act.standard).project != act.project:
        raise Refused("STANDARD_PROJECT", "the standard is for another project")
    body = case.need(Party, act.body, "PARTY_UNKNOWN", "no such evaluation body was admitted")
    if body.id == case.party.id or (body.uscc is not None and body.uscc == case.party.uscc):
        raise Refused("BODY_IS_INSTITUTION", "who teaches does not evaluate (考培分离)")
    need_standing(body)
    body_in_force(case, act.body, act.project)
    for staff in act.instructors:
        if officer_in_force(case.view, case.party.id, staff, Duty.INSTRUCTOR, case.day) is None:
            raise Refused("INSTRUCTOR_UNKNOWN", "an instructor is not appointed at the institution")
    return [
        ClassFact(
            id=class_id,
            institution=case.party.id,
            district=accreditation.district,
            project=act.project,
            standard=act.standard,
            body=act.body,
            instructors=act.instructors,
            first_day=act.first_day,
            last_day=act.last_day,
            opened_seq=case.seq,
        )
    ]


def roster(case: Case, act: Roster) -> list[Fact]:
    """Who was trained and how long, said once, by the institution, before any score."""
    known = class_of(case)
    if known.institution != case.party.id:
        raise Refused("CLASS_OTHER", "the class belongs to another institution")
    if known.roster is not None:
        raise Refused("ROSTER_EXISTS", "the roster of this class is sealed")
    case.need_entries(act.entries)
    return [replace(known, roster=case.statement.hash, candidates=len(act.entries))]


def sheet(case: Case, act: Sheet) -> list[Fact]:
    """One evaluator, one sheet a class, after the teaching, and never of one's own class."""
    known = class_of(case)
    if known.body != case.party.id:
        raise Refused("CLASS_OTHER", "the class is evaluated by another body")
    if known.roster is None or act.roster != known.roster:
        raise Refused("ROSTER_OTHER", "the sheet does not score the sealed roster of this class")
    if known.evaluation is not None:
        raise Refused("EVALUATION_CONFIRMED", "the evaluation of this class is confirmed")
    if case.day < known.last_day:
        raise Refused("CLASS_RUNNING", "scores are given after the last day of teaching")
    body_in_force(case, known.body, known.project)
    case.need_scope(known.project)
    staff = case.officer.staff
    if staff in known.instructors:
        raise Refused("EVALUATOR_TAUGHT", "an instructor of the class cannot score it")
    if _works_at(case, known, staff):
        raise Refused("EVALUATOR_AT_INSTITUTION", "who works at the institution cannot score its class")
    if any(other.staff == staff for other in known.sheets):
        raise Refused("SHEET_EXISTS", "this evaluator signed a sheet for this class")
    case.need_entries(act.entries, tuple(part.key for part in _standard(case, known.standard).components))
    if len(act.entries) > known.candidates:
        raise Refused("SHEET_TOO_LONG", "more candidates scored than the roster has")
    ref = SheetRef(staff, case.statement.hash, len(act.entries))
    return [replace(known, sheets=(*known.sheets, ref))]


def evaluation_confirmed(case: Case, act: EvaluationConfirmed) -> list[Fact]:
    """The body answers for the result of all sheets, by a signatory who scored and taught nobody there."""
    known = class_of(case)
    if known.body != case.party.id:
        raise Refused("CLASS_OTHER", "the class is evaluated by another body")
    if known.evaluation is not None:
        raise Refused("EVALUATION_CONFIRMED", "the evaluation of this class is confirmed")
    body_in_force(case, known.body, known.project)
    case.need_scope(known.project)
    need_apart(case, known)
    if act.sheets != tuple(ref.statement for ref in known.sheets) or act.roster != known.roster:
        raise Refused("SHEETS_OTHER", "the result must rest on the roster and on every sheet, in log order")
    if act.standard != known.standard:
        raise Refused("STANDARD_OTHER", "the class pins another standard")
    marks_min = _standard(case, known.standard).evaluators_min
    if len(known.sheets) < marks_min:
        raise Refused("SHEETS_TOO_FEW", "fewer evaluators than the standard demands")
    if act.candidates != known.candidates or len(act.passed) > known.candidates:
        raise Refused("COUNTS_WRONG", "the counts do not agree with the roster")
    if len(set(act.passed)) != len(act.passed):
        raise Refused("PASSED_TWICE", "a candidate is named twice")
    if sum(ref.count for ref in known.sheets) < marks_min * len(act.passed):
        raise Refused("SHEETS_TOO_SHORT", "the sheets score too few to carry so many who passed")
    passed = [Passed(known.id, candidate, case.time_ms) for candidate in act.passed]
    return [replace(known, evaluation=case.statement.hash), *passed]


def class_of(case: Case) -> ClassFact:
    """The class in the subject."""
    return case.need(ClassFact, case.subject_id("class").hex(), "CLASS_UNKNOWN", "no such class was opened")


def body_in_force(case: Case, body: str, project: str) -> None:
    """Raises Refused BODY_NOT_APPOINTED, BODY_SUSPENDED or BODY_SCOPE."""
    known = case.need(BodyAppointment, body, "BODY_NOT_APPOINTED", "the body has no appointment")
    if known.suspended_ms is not None:
        raise Refused("BODY_SUSPENDED", "the body's appointment is suspended")
    if not known.first_day <= case.day <= known.last_day:
        raise Refused("BODY_NOT_APPOINTED", "the body's appointment does not cover this day")
    if project not in known.projects:
        raise Refused("BODY_SCOPE", "the body is not appointed for this project")


def need_apart(case: Case, known: ClassFact) -> None:
    """Raises Refused DUTIES_JOINED when the signatory scored or taught the class (decision 5)."""
    staff = case.officer.staff
    scored = any(ref.staff == staff for ref in known.sheets)
    if scored or staff in known.instructors or _works_at(case, known, staff):
        raise Refused("DUTIES_JOINED", "who scored or taught the class, or works there, cannot sign for it")


def need_standing(party: Party) -> None:
    """Raises Refused PARTY_WITHDRAWN."""
    if party.withdrawn_ms is not None:
        raise Refused("PARTY_WITHDRAWN", "the party was withdrawn")


def _works_at(case: Case, known: ClassFact, staff: bytes) -> bool:
    """Whether the person held an office at the institution when the class was opened, and still does.

    Domain B10.3. An office given later counts for nothing here: an institution must not be able to rule out
    an evaluator it does not like by appointing them.
    """
    officer = case.view.get(Officer, officer_key(known.institution, staff))
    if officer is None or officer.dismissed_ms is not None or officer.since_seq > known.opened_seq:
        return False
    return officer.first_day <= case.day <= officer.last_day


def _standard(case: Case, name: str) -> Standard:
    fact = case.need(StandardFact, name, "STANDARD_UNKNOWN", "no such standard was published")
    try:
        return Standard.from_body(fact.document)
    except Malformed as error:
        raise Refused("STANDARD_UNREADABLE", "the published standard cannot be read") from error


def _accreditation_subject(case: Case) -> tuple[str, str]:
    name, slash, project = case.subject("accreditation").partition("/")
    if not slash or not is_slug(project):
        raise Refused("SUBJECT_ID", "the subject is accreditation/<institution>/<project>", where="sub")
    return name, project
