"""What stands beside the log's tiles: the lines under a checkpoint, and partial files that stay a while."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoint import Cosigner, cosign, open_checkpoint
from ledger.cosigned import LINES_MAX
from ledger.errors import MalanError
from ledger.note import parse_note, parse_signature_line
from ledger.publisher import add_cosignatures, publish
from tests.ledger.site200 import Site200
from tests.ledger.test_publisher import ORIGIN, SIGNER, _files, rows

WITNESSES = [
    Cosigner(f"district-{n:02d}.example/w", Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32))
    for n in range(1, 17)
]


def test_the_checkpoint_shows_sixteen_lines_and_the_full_one_all(tmp_path: Path) -> None:
    site = Site200(tmp_path)
    body = parse_note((site.log / "checkpoint").read_bytes()).text
    keys = [one.key for one in WITNESSES]
    lines = [cosign(body, one, time=1_767_225_600 + place) for place, one in enumerate(WITNESSES)]
    add = lambda lines: add_cosignatures(  # noqa: E731
        site.log, body=body, lines=lines, log_keys=[SIGNER.key], cosigners=keys
    )
    add(lines[:9])
    full = parse_note(add(lines[9:]))
    assert len(full.signatures) == 17
    assert (site.log / "checkpoint.full").read_bytes() == full.render()
    shown = parse_note((site.log / "checkpoint").read_bytes())
    assert len(shown.signatures) == LINES_MAX == 16
    assert shown.signatures[0].is_by(SIGNER.key)
    assert WITNESSES[0].name not in {line.name for line in shown.signatures}  # the oldest has no room
    opened = open_checkpoint(full.render(), log_keys=[SIGNER.key], cosigners=keys)
    assert len(opened.cosignatures) == 16 and not opened.strangers
    # A newer line takes the place of the older one; an older one does not come back.
    add([cosign(body, WITNESSES[0], time=1_767_230_000)])
    add(lines[:1])
    again = open_checkpoint((site.log / "checkpoint").read_bytes(), log_keys=[SIGNER.key], cosigners=keys)
    assert (again.cosignatures[0].name, again.cosignatures[0].time) == (WITNESSES[0].name, 1_767_230_000)
    assert site.publish(200) == 200
    assert len(parse_note((site.log / "checkpoint").read_bytes()).signatures) == 16
    assert site.publish(201) == 201
    for name in ("checkpoint", "checkpoint.full"):
        assert len(parse_note((site.log / name).read_bytes()).signatures) == 1


def test_cosignatures_of_strangers_and_of_other_checkpoints_are_not_taken(tmp_path: Path) -> None:
    site = Site200(tmp_path)
    before = _files(site.log)
    body = parse_note((site.log / "checkpoint").read_bytes()).text
    other = body.replace("\n200\n", "\n201\n")
    line = cosign(body, WITNESSES[0], time=1)

    def code(lines: list[object], said: str = body) -> str:
        try:
            add_cosignatures(
                site.log,
                body=said,
                lines=lines,  # type: ignore[arg-type]
                log_keys=[SIGNER.key],
                cosigners=[WITNESSES[0].key],
            )
        except MalanError as error:
            return error.code
        return "taken"

    assert code([cosign(body, WITNESSES[1], time=1)]) == "WRONG_KEY"
    assert code([cosign(other, WITNESSES[0], time=1)]) == "SIGNATURE"
    assert code([SIGNER.sign(body)]) == "WRONG_KEY"
    assert code([line], other) == "CHECKPOINT_MOVED_ON"
    assert _files(site.log) == before
    assert code([parse_signature_line(line.render().removesuffix("\n"))]) == "taken"


def test_partial_files_of_recent_sizes_stay_and_go_later(tmp_path: Path) -> None:
    site = Site200(tmp_path)
    given = {"origin": ORIGIN, "read_leaves": rows, "signer": SIGNER, "lock": site.store}
    now = (site.log / "checkpoint").stat().st_mtime
    for size in (300, 600):
        publish(site.log, size=size, tidy_before=now - 900, **given)  # type: ignore[arg-type]
    partial = ("tile/0/000.p/200", "tile/entries/000.p/200", "tile/0/001.p/44")
    assert all((site.log / name).exists() for name in partial)
    # A quarter of an hour later the next run clears them, also one that signs nothing.
    publish(site.log, size=600, tidy_before=now + 900, **given)  # type: ignore[arg-type]
    assert not any((site.log / name).exists() for name in partial)
    assert not (site.log / ".tidy").exists()
    assert (site.log / "tile/0/002.p/88").exists()
