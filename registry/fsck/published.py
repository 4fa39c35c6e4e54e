"""Door: what was published, against the log: every tile, every list, the bundle.

`read` takes the files before the log is walked, so the sizes they name are among those the walk remembers;
`check_…` compares afterwards. A file that is behind the log is only not yet published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from issuers.acts.words import ServicePurpose
from issuers.authority.party_facts import Key, WitnessSetFact
from issuers.bundle import BYTES_MAX, Bundle, open_bundle
from issuers.carried import FORMS, TRUST, Form
from issuers.status import StatusList, compute_bits, open_status_list
from issuers.witnesses import terms_of, with_log
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import MalanError
from ledger.keys import ED25519_SPKI, PublicKey
from ledger.leaf import leaf_hash
from ledger.merkle import HASH_SIZE
from ledger.note import NoteKey, parse_vkey
from ledger.policy import render_policy
from ledger.statement import parse_statement
from ledger.tiles import HEIGHT, WIDTH, Tile, TileBuilder, decode_bundle, parse_path, tile_at
from registry.certificates.reservations import FIRST_LIST
from registry.fsck.departure import Departure
from registry.fsck.replay import Replay
from registry.service import Service, note_signer


@dataclass
class Published:
    """What opened of the published files, and what is wrong with the rest."""

    key: NoteKey
    status_key: PublicKey
    hosts: tuple[str, ...]
    checkpoint: Checkpoint | None = None
    bundles: dict[Form, Bundle] = field(default_factory=dict)
    lists: dict[int, StatusList] = field(default_factory=dict)
    named: set[int] = field(default_factory=set)  # the numbers that have a file, readable or not
    departures: list[Departure] = field(default_factory=list)

    @property
    def sizes(self) -> frozenset[int]:
        """The sizes of the log these files speak of."""
        checkpoints = {self.checkpoint.size} if self.checkpoint is not None else set()
        bundles = {one.size for one in self.bundles.values()}
        return frozenset(checkpoints | bundles | {one.size for one in self.lists.values()})


def read(service: Service) -> Published:
    """Opens checkpoint, bundle and lists, each under the key it should have."""
    home = service.settings.home
    found = Published(
        note_signer(service).key, service.secrets.status.public, service.settings.accepted_hosts
    )
    if (service.settings.log_directory / "checkpoint").exists():
        try:
            note = service.log.checkpoint()
            found.checkpoint = open_checkpoint(note, log_keys=[found.key]).checkpoint
        except MalanError as error:
            what = f"it is not a checkpoint of our key: {error.code}"
            found.departures.append(Departure("CHECKPOINT_BROKEN", "log/checkpoint", what))
    for form in FORMS:
        bundle = home / form.file
        if bundle.exists():
            try:
                found.bundles[form] = open_bundle(bundle.read_bytes()[: BYTES_MAX + 1], form)[0]
            except MalanError as error:
                found.departures.append(
                    Departure("BUNDLE_BROKEN", form.file, f"it does not open: {error.code}")
                )
    for path in sorted((home / "status").glob("*")):
        if not path.name.isdecimal():
            continue
        found.named.add(int(path.name))
        try:
            opened = open_status_list(path.read_bytes(), found.status_key)
            found.lists[int(path.name)] = opened
        except MalanError as error:
            what = f"it does not open: {error.code}"
            found.departures.append(Departure("LIST_BROKEN", f"status/{path.name}", what))
    return found


def check_tree(found: Published, replay: Replay) -> Iterator[Departure]:
    """The root of the rows is the published one."""
    checkpoint = found.checkpoint
    if checkpoint is None:
        return
    if checkpoint.size > replay.size:
        yield Departure("LOG_AHEAD", "log/checkpoint", "it is larger than the database")
    elif replay.roots.get(checkpoint.size) != checkpoint.root:
        where = f"log/checkpoint size {checkpoint.size}"
        yield Departure("ROOT_DIFFERS", where, "the rows fold to another root than the published one")


def check_tiles(
    directory: Path, found: Published, replay: Replay, newest: Callable[[], int]
) -> Iterator[Departure]:
    """The files of the published size are there, and every file says what the rows say.

    An older partial file holds the beginning of the present one, so all are held against the same bytes. What
    a working service publishes meanwhile is compared as far as the walk went; `newest` is the size by then.
    """
    size = 0 if found.checkpoint is None else min(found.checkpoint.size, replay.size)
    for tile in _needed(size):
        if not any((directory / one.path).exists() for one in (tile, tile.full)):
            yield Departure("FILE_MISSING", f"log/{tile.path}", "a file of the published log is gone")
    builder = TileBuilder()
    tiles = [*builder.add(replay.hashes), *builder.partial()]
    hashes = {(tile.level, tile.index): data for tile, data in tiles}
    files = {path: path.read_bytes() for path in sorted((directory / "tile").rglob("*")) if path.is_file()}
    growing = newest() > replay.size
    for path, data in files.items():
        name = path.relative_to(directory).as_posix()
        try:
            right = _is_right(parse_path(name), data, hashes, replay.hashes, growing=growing)
        except MalanError:
            right = False
        if not right:
            yield Departure("FILE_DIFFERS", f"log/{name}", "the file is not what the rows say")


def _needed(size: int) -> Iterator[Tile]:
    for level in (None, *range(-(-size.bit_length() // HEIGHT))):
        width = WIDTH if level is None else WIDTH << (HEIGHT * level)
        for index in range(-(-size // width)):
            tile = tile_at(level, index, size=size)
            if tile is not None:
                yield tile


def _is_right(
    tile: Tile,
    data: bytes,
    tiles: dict[tuple[int | None, int], bytes],
    leaves: list[bytes],
    *,
    growing: bool,
) -> bool:
    if tile.level is None:
        first = tile.index * WIDTH
        said = b"".join(leaf_hash(entry) for entry in decode_bundle(data, width=tile.width))
        whole = b"".join(leaves[first : first + WIDTH])
    else:
        said, whole = data, tiles.get((tile.level, tile.index), b"")
    common = min(len(said), len(whole)) if growing else len(said)
    return len(said) == tile.width * HASH_SIZE and said[:common] == whole[:common]


def check_bundle(found: Published, replay: Replay) -> Iterator[Departure]:
    """Bundles and lists are what the log adds up to at the size each names, and every list has its file."""
    for form, bundle in found.bundles.items():
        if bundle.size > replay.size:
            yield Departure("LOG_AHEAD", form.file, "it is of a larger log than the database")
            continue
        yield from _check_acts(form, bundle, replay)
        yield from _check_checkpoint(form, bundle, found, replay)
        yield from _check_named(form, bundle, found, replay)
        if form is TRUST:
            yield from _check_own_lists(bundle, found, replay)
    for number, told in found.lists.items():
        facts = replay.listed.get(told.size)
        if facts is None:
            yield Departure("LOG_AHEAD", f"status/{number}", "it is of a larger log than the database")
        elif told.number != number or told.bits != compute_bits(facts, number):
            yield Departure("LIST_DIFFERS", f"status/{number}", "the facts give another list")


def _check_acts(form: Form, bundle: Bundle, replay: Replay) -> Iterator[Departure]:
    acts = {
        seq
        for seq, (raw, _) in replay.acts.items()
        if seq < bundle.size and form.carries(replay.view, parse_statement(raw))
    }
    if {one.seq for one in bundle.acts} != acts:
        yield Departure("BUNDLE_DIFFERS", form.file, "it has other acts than the log")
    for act in bundle.acts:
        if replay.acts.get(act.seq) != (act.statement, act.time_ms):
            what = "the log has another act, or another time, there"
            yield Departure("BUNDLE_DIFFERS", f"{form.file} act {act.seq}", what)


def _check_checkpoint(form: Form, bundle: Bundle, found: Published, replay: Replay) -> Iterator[Departure]:
    where = f"{form.file} checkpoint"
    if bundle.log_vkey != found.key.vkey:
        yield Departure("BUNDLE_DIFFERS", form.file, "it names another log key than ours")
    try:
        inside = open_checkpoint(bundle.checkpoint, log_keys=[found.key]).checkpoint
    except MalanError as error:
        yield Departure("BUNDLE_DIFFERS", where, f"it is not a checkpoint of our key: {error.code}")
        return
    if (inside.size, inside.root) != (bundle.size, replay.roots.get(bundle.size)):
        yield Departure("BUNDLE_DIFFERS", where, "the rows fold to another root than the one in the bundle")


def _check_named(form: Form, bundle: Bundle, found: Published, replay: Replay) -> Iterator[Departure]:
    """Hosts are those of the settings; the witnesses those whom the acts put in force when it was made."""
    if bundle.hosts != found.hosts:
        what = "MALAN_QR_ORIGIN and MALAN_QR_HOSTS name others; after a change of these, publish first"
        yield Departure("BUNDLE_DIFFERS", f"{form.file} hosts", what)
    where = f"{form.file} policy"
    sets = [one for one in replay.view.all(WitnessSetFact) if one.seq < bundle.size]
    keys = [one for one in replay.view.all(Key) if one.purpose == ServicePurpose.CHECKPOINT]
    names = [NoteKey(bundle.origin, one.spki[len(ED25519_SPKI) :]) for one in keys]
    try:
        terms = terms_of(sets, bundle.handovers or (), log_keys=names, at=bundle.made_at)
        rendered = render_policy(with_log(terms[-1].policy, parse_vkey(bundle.log_vkey)))
    except MalanError as error:
        yield Departure("BUNDLE_DIFFERS", where, f"a handover or the log's key does not open: {error.code}")
        return
    if bundle.policy.encode() != rendered:
        yield Departure("BUNDLE_DIFFERS", where, "the acts put other witnesses in force")


def _check_own_lists(bundle: Bundle, found: Published, replay: Replay) -> Iterator[Departure]:
    """Whoever holds the bundle alone reads these lists, so they are held against the facts as well."""
    facts = replay.listed.get(bundle.size, [])
    wanted = {FIRST_LIST, *(fact.status_list for fact in facts)}
    if sorted(one.number for one in bundle.lists) != sorted(wanted):
        yield Departure("BUNDLE_DIFFERS", TRUST.file, "it has other status lists than the facts ask for")
    for item in bundle.lists:
        where = f"{TRUST.file} list {item.number}"
        try:
            told = open_status_list(item.token, found.status_key)
        except MalanError as error:
            yield Departure("BUNDLE_DIFFERS", where, f"it does not open: {error.code}")
            continue
        right = compute_bits(facts, item.number)
        if (told.number, told.size, told.bits) != (item.number, bundle.size, right):
            yield Departure("BUNDLE_DIFFERS", where, "the facts give another list")
    for number in sorted(wanted - found.named):
        # The files are written before the bundle, so one that is away was taken away.
        yield Departure("LIST_MISSING", f"status/{number}", "the list is not there")
