"""The published files as they are served: nothing else is, nobody keeps a miss, any static host will do."""

from __future__ import annotations

import threading
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from issuers.bundle import pack, unpack
from ledger.checkpoint import open_checkpoint
from ledger.tiles import TileReader
from registry.service import note_signer
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal
from tests.registry.test_publishing import leaves
from verify.source import open_source


@pytest.mark.parametrize(
    "path", ["tile/0/001", "tile/8/0/000", "tile/0/../checkpoint", "tile/entries/x", "keys/kek.key"]
)
def test_nothing_but_the_logs_files_is_served(stage: Stage, path: str) -> None:
    stage.publish()
    assert stage.client.get(f"/log/{path}").status_code == 404


@pytest.mark.parametrize("number", ["0", "2", "01", "-1", "99999"])
def test_a_list_there_is_not_is_a_404(desk: Desk, number: str) -> None:
    assert desk.stage.client.get(f"/status/{number}").status_code == 404


def test_an_address_that_climbs_out_of_the_lists_is_refused_at_the_gate(desk: Desk) -> None:
    answer = desk.stage.client.get("/status/..%2Ftrust.cbor")
    assert (answer.status_code, answer.json()["code"]) == (400, "PATH_FORM")


def test_published_files_may_be_read_by_any_page_and_tiles_kept_for_ever(desk: Desk) -> None:
    for path in ("/trust.cbor", "/status/1", "/log/checkpoint", "/log/checkpoint.full", "/log/proof/1"):
        answer = desk.stage.client.get(path)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "no-cache"
    size = desk.stage.size()
    tile = desk.stage.client.get(f"/log/tile/0/000.p/{size}")
    assert tile.headers["cache-control"].endswith("immutable")


def test_the_bundle_is_packed_for_whoever_takes_it_and_sent_once(desk: Desk) -> None:
    client, plain = desk.stage.client, {"accept-encoding": "identity"}
    whole = client.get("/trust.cbor", headers=plain)
    assert "content-encoding" not in whole.headers and whole.headers["vary"] == "accept-encoding"
    packed = client.get("/trust.cbor", headers={"accept-encoding": "br;q=0.5, gzip"})
    assert packed.headers["content-encoding"] == "gzip" and packed.content == whole.content
    assert int(packed.headers["content-length"]) < 0.6 * int(whole.headers["content-length"])
    for refusing in ("gzip;q=0", "gzip; q=0.000", "br", ""):
        assert (
            "content-encoding" not in client.get("/trust.cbor", headers={"accept-encoding": refusing}).headers
        )
    etag = whole.headers["etag"]
    assert packed.headers["etag"] != etag, "two forms are two things"
    for known in (etag, f'W/{etag}, "other"'):
        again = client.get("/trust.cbor", headers={**plain, "if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert desk.stage.post(dismissal(desk.stage)).status_code == 200
    desk.stage.publish()
    other = client.get("/trust.cbor", headers={**plain, "if-none-match": etag})
    assert other.status_code == 200 and other.headers["etag"] != etag


def test_the_bundle_alone_and_each_part_by_its_hash_are_what_the_file_holds(desk: Desk) -> None:
    client = desk.stage.client
    whole = client.get("/trust.cbor").content
    signed, parts = unpack(whole)
    alone = client.get("/trust/bundle.cbor")
    assert alone.content == signed and alone.headers["cache-control"] == "no-cache"
    assert pack(alone.content, parts) == whole
    assert len(signed) + sum(map(len, parts)) < len(whole) < len(signed) + sum(map(len, parts)) + 100
    for part in parts:
        got = client.get(f"/trust/{sha256(part).hexdigest()}.cbor")
        assert got.content == part and got.headers["cache-control"].endswith("immutable")
    again = client.get("/trust/bundle.cbor", headers={"if-none-match": alone.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["0" * 64, "007", "..%2Ftrust", "BUNDLE", "acts"])
def test_a_part_that_no_bundle_names_is_a_404_that_nobody_keeps(desk: Desk, name: str) -> None:
    answer = desk.stage.client.get(f"/trust/{name}.cbor")
    assert answer.status_code in (400, 404) and answer.headers["cache-control"] == "no-store"
    assert answer.json()["code"] in ("PART_UNKNOWN", "PATH_FORM")


def test_a_part_that_grew_has_another_name_and_the_former_one_is_gone(desk: Desk) -> None:
    client = desk.stage.client
    former = {sha256(part).hexdigest() for part in unpack(client.get("/trust.cbor").content)[1]}
    assert desk.stage.post(dismissal(desk.stage)).status_code == 200
    desk.stage.publish()
    present = {sha256(part).hexdigest() for part in unpack(client.get("/trust.cbor").content)[1]}
    gone = former - present
    assert len(gone) == 1 and len(present - former) == 1
    assert client.get(f"/trust/{gone.pop()}.cbor").json()["code"] == "PART_UNKNOWN"


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\xd2\x84", b"\x82\x40\x01"])
def test_where_the_file_is_not_one_of_this_version_the_bundle_is_not_published_yet(
    desk: Desk, raw: bytes
) -> None:
    """As after an upgrade, until the first publication: not the caller's fault, who may ask again."""
    desk.stage.service.settings.home.joinpath("trust.cbor").write_bytes(raw)
    for name in ("bundle", "0" * 64):
        answer = desk.stage.client.get(f"/trust/{name}.cbor")
        assert (answer.status_code, answer.json()["code"]) == (503, "NOT_PUBLISHED")
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["tile/0/007", "tile/entries/000.p/255", "proof/99999", "checkpoint.old"])
def test_nobody_keeps_an_answer_that_a_file_is_not_there_yet(stage: Stage, path: str) -> None:
    """A cache that did would hide a tile that is written a second later."""
    stage.publish()
    answer = stage.client.get(f"/log/{path}")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


def test_the_folder_of_the_log_is_served_as_it_is_by_any_static_host(desk: Desk) -> None:
    settings, size = desk.stage.service.settings, desk.stage.size()
    handler = partial(SimpleHTTPRequestHandler, directory=str(settings.log_directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        thread = threading.Thread(target=host.serve_forever)
        thread.start()
        try:
            source = open_source(f"http://127.0.0.1:{host.server_address[1]}")
            note = source.fetch("checkpoint")
            assert note is not None and note == desk.stage.service.log.checkpoint()
            opened = open_checkpoint(note, log_keys=[note_signer(desk.stage.service).key])
            reader = TileReader(size=size, fetch=source.fetch)
            assert reader.root() == opened.checkpoint.root
            assert reader.bundle(0) == leaves(desk.stage)[:256]
        finally:
            host.shutdown()
            thread.join()
