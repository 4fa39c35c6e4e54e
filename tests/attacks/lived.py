"""A service in which everything happened once, and its database put back before each attack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import pytest

from issuers import bundle
from registry.fsck.run import check
from registry.migrations import migrate
from registry.storage.database import Database
from registry.supervision import audit_rows
from registry.supervision.runs import Outcome
from tests.ground import Ground
from tests.insider import Insider, insider
from tests.registry.conftest import Template
from tests.registry.desk import Desk
from tests.registry.erasing import erased, paid, places
from tests.registry.stage import Stage, officer_document, raise_stage
from tests.registry.versions import renew
from tests.world_parts import BODY, moment


@dataclass
class Lived:
    """A store in which everything happened once, and what puts its database back as it was."""

    stage: Stage
    put_back: Callable[[], None]

    @contextmanager
    def changed(self) -> Iterator[Insider]:
        """The database as it was, to be changed with all guards off."""
        self.stage.service.database.close()
        self.put_back()
        with insider(self.stage.service.settings) as raw:
            yield raw

    def named(self) -> list[str]:
        return [one.code for one in check(self.stage.service).departures]


@pytest.fixture(scope="module")
def lived(
    ground: Ground, results_template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    settings = ground.copy(results_template.settings, tmp_path_factory.mktemp("lived") / "home")
    stage = raise_stage(settings, results_template.world.copy(), founded=True)
    stage.hands.set(moment(13, 10))
    stage.world.now = moment(13, 10)
    desk = Desk(stage, stage.issue_all())
    renew(stage, desk.certified[2])
    body = {"id_type": "resident_id", "id_number": officer_document("new").number, "name": "欧阳娜娜"}
    assert stage.ask("/api/staff", "staff", f"admin-{BODY}", f"party/{BODY}", body).status_code == 200
    stage.publish()
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    stage.publish()
    erased(stage, places(stage, paid(desk, 1)))
    stage.publish()
    with stage.service.database.transaction() as connection:
        ran = audit_rows.begin(
            connection, party="city", staff=b"s" * 16, classes=1, now_ms=stage.hands.now_ms
        )
        told = b'{"state": "sound", "counts": {"departure": 0, "could_not_check": 0}}'
        outcome = Outcome("sound", 0, 0, told, b"<p>sound</p>", b"a checkpoint")
        audit_rows.finish(connection, ran, outcome, now_ms=stage.hands.now_ms)
    built = stage.service.database.schema_built_by(migrate)
    stage.service.database.close()
    with pytest.MonkeyPatch.context() as patch:
        # What the migrations build does not change between two runs, and building it takes a third of one.
        patch.setattr(Database, "schema_built_by", lambda _database, _build: built)
        # The same run of acts is replayed once: a bundle that was changed is another run.
        replayed = lru_cache(maxsize=64)(bundle.replay)
        patch.setattr(bundle, "replay", lambda acts, *form, **_: replayed(tuple(acts), *form))
        yield Lived(stage, ground.keep(settings))
    stage.close()
    ground.drop(settings)
