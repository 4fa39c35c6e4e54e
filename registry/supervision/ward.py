"""Door: whose business a class is: a supervisor sees their own district's, within their appointment.

Promises: somebody without the duty of a supervisor at a district today is refused, whatever was checked
before; a class of another district, or outside the projects of the appointment, is answered like one that
does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from issuers.acts.words import Duty, Role
from issuers.authority.case import officer_in_force, shanghai_date
from issuers.authority.class_facts import ClassFact
from issuers.authority.party_facts import Party
from ledger.errors import Refused
from registry.persons.read_audit import Reader
from registry.service import Service
from registry.storage.facts import TableView


@dataclass(frozen=True, slots=True)
class Ward:
    """A district, and the projects the appointment covers (none named: all of them)."""

    district: Party
    projects: tuple[str, ...]

    def covers(self, *, district: str, project: str) -> bool:
        """Whether a class of this district and project is theirs to supervise."""
        return district == self.district.id and (not self.projects or project in self.projects)


def ward_of(service: Service, connection: sa.Connection, reader: Reader) -> Ward:
    """What the reader supervises today. Raises Refused ACCESS_DUTY."""
    view = TableView(connection)
    district = view.get(Party, reader.party.id)
    day = shanghai_date(service.clock.now_ms())
    officer = officer_in_force(view, reader.party.id, reader.staff, Duty.SUPERVISOR, day)
    if district is None or district.role is not Role.DISTRICT or officer is None or district.withdrawn_ms:
        raise Refused("ACCESS_DUTY", "only a district's supervisor in office may see this")
    return Ward(district, officer.projects)


def own_class(view: TableView, ward: Ward, class_id: bytes) -> ClassFact:
    """The class. Raises Refused CLASS_UNKNOWN, also for a class of others."""
    known = view.get(ClassFact, class_id.hex())
    if known is None or not ward.covers(district=known.district, project=known.project):
        raise Refused("CLASS_UNKNOWN", "no such class is supervised here")
    return known
