"""The pure parts and the store: appends, statements, credentials, audit walks."""

from __future__ import annotations

import tempfile
from pathlib import Path

from issuers.authority.judge import admit
from issuers.authority.view import MemoryView
from issuers.credential import check_credential, parse_credential, sign_credential
from ledger import store
from ledger.leaf import parse_leaf
from ledger.statement import parse_statement, statement_hash, uuid7
from registry.storage.database import Database
from tests.bench.meter import Meter
from tests.world import World


def appends(meter: Meter) -> None:
    """Durable leaf appends with chain link, 1, 100 and 1,000 a commit, through SQLAlchemy on SQLite."""
    for batch in (1, 100, 1000):
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{Path(folder) / 'bench.db'}", busy_timeout_ms=5000)
            with database.transaction() as connection:
                store.metadata.create_all(connection)
                for guard in store.SQLITE_GUARDS:
                    connection.exec_driver_sql(guard)
            count = 0

            def step(database: Database = database, batch: int = batch) -> int:
                nonlocal count
                items = []
                for _ in range(batch):
                    count += 1
                    raw = count.to_bytes(8, "big") * 45  # as long as a small statement
                    cti = uuid7(time_ms=1, randomness=count.to_bytes(10, "big"))
                    items.append(store.NewEntry(raw, cti, statement_hash(raw)))
                with database.transaction() as connection:
                    head = store.read_head(connection, "bench")
                    store.append(connection, head=head, items=items, time_ms=1)
                return batch

            meter.figure(
                "leaf appends", step, bound="fdatasync of 400 bytes appended", batch=batch, database="sqlite"
            )
            database.close()


def statements(meter: Meter) -> None:
    """Parse, verify and judge: a whole small log, replayed over and over."""
    leaves = [parse_leaf(data) for data in _world().leaves]

    def step() -> int:
        view = MemoryView()
        for leaf in leaves:
            view.put(admit(view, parse_statement(leaf.statement), seq=leaf.seq, time_ms=leaf.time_ms))
        return len(leaves)

    meter.figure("statements checked (parse, signature, authority)", step, bound="raw ES256 verify")


def credentials(meter: Meter) -> None:
    """Sign and verify the credential of a QR."""
    world = _world()
    raw = world.credentials[0]
    claims = parse_credential(raw).claims
    key = world.key_of(parse_credential(raw).message.kid)
    signer = world.new_key("bench")
    meter.figure(
        "credentials signed", lambda: len(sign_credential(claims, signer)) // len(raw), bound="raw ES256 sign"
    )

    def verify() -> int:
        check_credential(parse_credential(raw), key)
        return 1

    meter.figure("credentials verified", verify, bound="raw ES256 verify")


def _world() -> World:
    return World.founded().with_standard().with_class().with_results().with_certificates()
