"""The service's own tables, beside the ledger's (`ledger.store`). No I/O.

`fact`, `bundled`, `class_entry`, `named_entry` and `open_claim` follow from the log and can be rebuilt;
`hold` restates it as a constraint. Everything personal is sealed under a key of its person, or stands as an
HMAC; ids are random. Times are milliseconds since 1970. Migrations write their own literal DDL; a test
compares the two.
"""

from __future__ import annotations

import sqlalchemy as sa

from registry.storage.schema import HASH, ID, SEQ
from registry.storage.schema import metadata as metadata
from registry.storage.visit_tables import holder_visit as holder_visit
from registry.storage.visit_tables import share_link as share_link

# What the log adds up to (decision 0001): records are deterministic CBOR, `seq` the leaf of the last change.
fact = sa.Table(
    "fact",
    metadata,
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.Column("seq", SEQ, nullable=False),
    sa.Index("fact_by_change", "kind", "seq"),
)

# The places of the acts that a trust bundle carries.
bundled = sa.Table("bundled", metadata, sa.Column("seq", SEQ, primary_key=True, autoincrement=False))

# The places of the acts about a class and its certificates, for its evidence.
class_entry = sa.Table(
    "class_entry",
    metadata,
    sa.Column("class_id", ID, primary_key=True),
    sa.Column("seq", SEQ, primary_key=True, autoincrement=False),
)

# The places of all other acts, by the subject they name: what was ever said about a party, an officer, an
# accreditation, a standard, a claim, or a certificate after its issue. So every entry stands in one index.
named_entry = sa.Table(
    "named_entry",
    metadata,
    sa.Column("subject", sa.String(200), primary_key=True),
    sa.Column("seq", SEQ, primary_key=True, autoincrement=False),
)

# A natural person, as far as the service knows: a random id that never leaves it.
person = sa.Table("person", metadata, sa.Column("person", ID, primary_key=True))

# Look-up by document: HMAC of type and normal form, with a key outside the database.
person_document = sa.Table(
    "person_document",
    metadata,
    sa.Column("document", HASH, primary_key=True),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False, index=True),
)

# The person's own key, wrapped. To destroy the row is to erase the person.
person_key = sa.Table(
    "person_key",
    metadata,
    sa.Column("person", ID, sa.ForeignKey("person.person"), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)

# What stands behind a commitment: statement (hash) and place of the entry.
opening = sa.Table(
    "opening",
    metadata,
    sa.Column("statement", HASH, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

# Who a candidate of a class is: the place of their entry in the roster.
candidate = sa.Table(
    "candidate",
    metadata,
    sa.Column("class_id", ID, primary_key=True),
    sa.Column("candidate", ID, primary_key=True),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False),
    sa.Column("roster", HASH, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.UniqueConstraint("class_id", "person", name="candidate_once_a_class"),
)

# How far the numbers of an issuer and year are given out.
number_series = sa.Table(
    "number_series",
    metadata,
    sa.Column("issuer", sa.String(3), primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

# Number and code of a passed candidate, for ever theirs; `sealed` holds both, `code_index` finds the code.
reservation = sa.Table(
    "reservation",
    metadata,
    sa.Column("class_id", ID, primary_key=True),
    sa.Column("candidate", ID, primary_key=True),
    sa.Column("certificate", ID, nullable=False, unique=True),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False),
    sa.Column("code_index", HASH, nullable=False, unique=True),
    sa.Column("status_list", sa.Integer, nullable=False),
    sa.Column("status_index", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("batch", ID, nullable=False, index=True),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("status_list", "status_index", name="reservation_place_once"),
)

# The bytes of a QR, sealed for its holder.
credential = sa.Table(
    "credential",
    metadata,
    sa.Column("certificate", ID, primary_key=True),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

# Code and place of a certificate's version after the first, held for signing or signed: `sealed` holds the
# code, `credential` the bytes of the QR once they are in the log, and nothing before.
revision = sa.Table(
    "revision",
    metadata,
    sa.Column("certificate", ID, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False),
    sa.Column("code_index", HASH, nullable=False, unique=True),
    sa.Column("status_list", sa.Integer, nullable=False),
    sa.Column("status_index", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("credential", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("status_list", "status_index", name="revision_place_once"),
)

# Money hangs on these two constraints (design 18); releasing a hold deletes its row.
hold = sa.Table(
    "hold",
    metadata,
    sa.Column("person", ID, sa.ForeignKey("person.person"), primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True),
    sa.Column("project", sa.String(40), nullable=False),
    sa.Column("claim", ID, nullable=False, unique=True),
    sa.UniqueConstraint("person", "project", name="hold_project_once"),
    sa.CheckConstraint("slot BETWEEN 1 AND 3", name="hold_slot_range"),
)

# Who was erased and holds grants: found again only by the document, under the key of holds, should they come
# back; the mark is then not needed any more.
claimant_mark = sa.Table(
    "claimant_mark",
    metadata,
    sa.Column("mark", HASH, primary_key=True),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False, index=True),
)

# The codes of certificates whose holders were erased: never given again, and a district that is shown such a
# paper finds what the log says of it. Nobody stands behind them.
retired_code = sa.Table(
    "retired_code",
    metadata,
    sa.Column("code_index", HASH, primary_key=True),
    sa.Column("certificate", ID, nullable=False, unique=True),
)

# Claims that wait for a decision, for the lists of the districts: `statement` is the hash of the submission.
open_claim = sa.Table(
    "open_claim",
    metadata,
    sa.Column("claim", ID, primary_key=True),
    sa.Column("district", sa.String(40), nullable=False),
    sa.Column("submitted_ms", sa.BigInteger, nullable=False),
    sa.Column("statement", HASH, nullable=False),
    sa.Index("open_claim_by_district", "district", "submitted_ms"),
)

# One random staff id for each natural person who acts for a party.
staff = sa.Table(
    "staff",
    metadata,
    sa.Column("staff", ID, primary_key=True),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False, unique=True),
    sa.Column("party", sa.String(40), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

# Signed requests work once; forgotten when they are too old to work at all.
request_seen = sa.Table(
    "request_seen",
    metadata,
    sa.Column("cti", ID, primary_key=True),
    sa.Column("seen_ms", sa.BigInteger, nullable=False, index=True),
)

# Who is signed in. `id` is SHA-256 of what the cookie holds, which is nowhere else.
session = sa.Table(
    "session",
    metadata,
    sa.Column("id", HASH, primary_key=True),
    sa.Column("kid", sa.LargeBinary(8), nullable=False),
    sa.Column("host", sa.String(120), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("mark", HASH, nullable=False),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
)

# What a program hands to a browser so that it is signed in: SHA-256 of the ticket, gone once used.
session_ticket = sa.Table(
    "session_ticket",
    metadata,
    sa.Column("id", HASH, primary_key=True),
    sa.Column("kid", sa.LargeBinary(8), nullable=False),
    sa.Column("host", sa.String(120), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("mark", HASH, nullable=False),
)

# Audits that supervisors ran here, and their reports: in the database, so that a report, its hash and who
# ran it are stored together or not at all, every process shows them, and a backup holds them. A run that
# still goes on is seen by `seen_ms`; `state` is "running", a state of `verify.audit.report`, or "failed".
audit_report = sa.Table(
    "audit_report",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("party", sa.String(40), nullable=False, index=True),
    sa.Column("staff", ID, nullable=False),
    sa.Column("begun_ms", sa.BigInteger, nullable=False),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
    sa.Column("done", SEQ, nullable=False),
    sa.Column("total", SEQ, nullable=False),
    sa.Column("classes", sa.Integer, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("departures", sa.Integer, nullable=False),
    sa.Column("doubts", sa.Integer, nullable=False),
    sa.Column("json_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("html_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("json", sa.LargeBinary, nullable=False),
    sa.Column("html", sa.LargeBinary, nullable=False),
    sa.Column("checkpoint", sa.LargeBinary, nullable=False),
)

# How often a caller asked in the window that runs; `name` holds an HMAC, no address. Tallies (`limit_counts`)
# name staff and certificates by their ids.
limit_count = sa.Table(
    "limit_count",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False, index=True),
)

# By these the database knows its own secrets again (`secret_marks`).
secret_mark = sa.Table(
    "secret_mark",
    metadata,
    sa.Column("purpose", sa.String(20), primary_key=True),
    sa.Column("mark", HASH, nullable=False),
)

# Written to see that writing works.
heartbeat = sa.Table(
    "heartbeat",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="heartbeat_one_row"),
)

# Who read what, written before it is shown. No names: staff id, object, what kind of fields.
read_audit = sa.Table(
    "read_audit",
    metadata,
    sa.Column("id", SEQ, primary_key=True, autoincrement=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("party", sa.String(40), nullable=False),
    sa.Column("reader", sa.String(32), nullable=False),
    sa.Column("purpose", sa.String(40), nullable=False),
    sa.Column("object", sa.String(128), nullable=False),
    sa.Column("fields", sa.String(200), nullable=False),
    sa.Column("chain", HASH, nullable=False),
    sa.Index("read_audit_by_object", "object"),
)

# How many rows a chained table has and its last link: a row cut off at the end leaves no gap otherwise.
chain_head = sa.Table(
    "chain_head",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("size", SEQ, nullable=False),
    sa.Column("chain", HASH, nullable=False),
)
