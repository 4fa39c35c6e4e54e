"""PDFs and prints at the desk: made once, sealed by the desk's key, every sheet on its own serial."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from issuers.acts.words import CertificateKind
from issuers.credential import parse_credential
from issuers.printing.attached import Seal, read_attached
from issuers.printing.certificate_pdf import page_count
from issuers.printing.templates import shipped
from issuers.sign.desk import Desk
from issuers.sign.desk.issuing import IssueReport, issue
from issuers.sign.desk.papers import Papers
from issuers.sign.desk.prints import PrintReport, print_class
from issuers.sign.desk.shelf import pin_template, pins_of, template_by_hash, template_of
from issuers.sign.desk.standing import move_certificate
from issuers.sign.stock import Event, Move, State
from issuers.sign.stock_book import StockBook
from ledger.errors import MalanError
from tests.issuers.desks import desk_of
from tests.issuers.fake_service import FakeService
from tests.issuers.issuing import confirmed_class
from tests.issuers.paper import drawn, read_by_zxing

KIND = CertificateKind.QUALIFICATION
ADJUSTED = shipped(KIND).text.replace("特发此证".encode(), "准予发证".encode())


@pytest.fixture
def fake() -> FakeService:
    return confirmed_class()


@pytest.fixture
def desk(fake: FakeService, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(fake, "signatory", tmp_path) as desk:
        yield desk


def issued(fake: FakeService, desk: Desk, *, english: bool = False) -> IssueReport:
    report = issue(desk, fake.world.class_id, cards=False, papers=Papers(english=english))
    assert not report.troubles
    return report


def folders(report: IssueReport) -> list[Path]:
    return [one.folder for one in report.issued if one.folder is not None]


def test_each_certificate_has_a_sealed_pdf_with_its_credential_and_proof(
    fake: FakeService, desk: Desk
) -> None:
    for folder in folders(issued(fake, desk)):
        pdf = (folder / "certificate.pdf").read_bytes()
        found = read_attached(pdf)
        assert found.credential == (folder / "credential.cose").read_bytes()
        assert found.proof == (folder / "certificate.tlog-proof").read_bytes()
        assert found.seal is Seal.SOUND
        assert found.kid == desk.speaker.signer.public.kid == parse_credential(found.credential).message.kid
        assert page_count(pdf) == 1


def test_running_it_again_makes_no_other_file_and_what_is_missing_anew(fake: FakeService, desk: Desk) -> None:
    first = folders(issued(fake, desk, english=True))
    before = {folder: (folder / "certificate.pdf").read_bytes() for folder in first}
    (first[0] / "certificate.pdf").unlink()
    issued(fake, desk, english=True)
    assert before == {folder: (folder / "certificate.pdf").read_bytes() for folder in first}
    assert {page_count(pdf) for pdf in before.values()} == {2}


def test_without_its_proof_no_pdf_is_made(fake: FakeService, desk: Desk) -> None:
    fake.published = False
    for folder in folders(issued(fake, desk)):
        assert not (folder / "certificate.pdf").exists()
    fake.published = True
    for folder in folders(issued(fake, desk)):
        assert (folder / "certificate.pdf").exists()


def test_the_pinned_template_prints_and_is_named_in_what_it_printed(fake: FakeService, desk: Desk) -> None:
    assert template_of(desk.home, KIND) == shipped(KIND)
    pinned = pin_template(desk.home, KIND, ADJUSTED, now_ms=1)
    assert (pinned.version, pin_template(desk.home, KIND, ADJUSTED, now_ms=2)) == (1, pinned)
    for folder in folders(issued(fake, desk)):
        assert pinned.hash.encode() in (folder / "certificate.pdf").read_bytes()
    assert pin_template(desk.home, KIND, shipped(KIND).text, now_ms=3).version == 2
    assert template_of(desk.home, KIND) == shipped(KIND)
    assert template_by_hash(desk.home, pinned.hash).text == ADJUSTED
    assert template_of(desk.home, CertificateKind.COMPLETION) == shipped(CertificateKind.COMPLETION)
    assert [pin.version for pin in pins_of(desk.home)] == [1, 2]


def test_a_pinned_template_that_was_changed_or_is_gone_prints_nothing(desk: Desk) -> None:
    pinned = pin_template(desk.home, KIND, ADJUSTED, now_ms=1)
    path = desk.home.path / "templates" / f"{pinned.hash}.typ"
    path.write_bytes(ADJUSTED + b"\n")
    for code in ("TEMPLATE_CHANGED", "TEMPLATE_MISSING"):
        with pytest.raises(MalanError) as caught:
            template_of(desk.home, KIND)
        assert caught.value.code == code
        path.unlink(missing_ok=True)


def test_a_template_that_fails_its_check_is_not_pinned(desk: Desk) -> None:
    with pytest.raises(MalanError):
        pin_template(desk.home, KIND, ADJUSTED.replace(b'field: "name"', b'field: "nome"'), now_ms=1)
    assert pins_of(desk.home) == ()


# Prints.


def enter(desk: Desk, move: Move, *serials: str, reason: str = "") -> None:
    with StockBook(desk.home.stock) as book, book.writing() as writer:
        writer.add(Event(move, 1, serials, reason=reason, by=("甲", "乙")))


def printed(fake: FakeService, desk: Desk, *, remake: bool = False, english: bool = False) -> PrintReport:
    with StockBook(desk.home.stock) as book:
        return print_class(
            desk.home,
            desk.outbox,
            book,
            fake.world.class_id,
            english=english,
            remake=remake,
            now_ms=fake.world.now,
        )


def test_a_class_is_printed_in_the_order_of_its_numbers_and_serials(
    fake: FakeService, desk: Desk, tmp_path: Path
) -> None:
    report = issued(fake, desk)
    enter(desk, Move.RECEIVED, "SH0001-SH0020")
    done = printed(fake, desk, english=True)
    assert done.serials == ("SH0001", "SH0002", "SH0003", "SH0004", "SH0005") and not done.troubles
    (file,) = done.files
    pdf = file.read_bytes()
    assert page_count(pdf) == 10
    texts = {one.number: (folder / "qr.txt").read_text().strip()
             for one, folder in zip(report.issued, folders(report), strict=True)}  # fmt: skip
    shown = [read_by_zxing(drawn(pdf, tmp_path, dpi=150, page=page)) for page in range(1, 11, 2)]
    assert shown == [[texts[number]] for number in sorted(texts)]
    with StockBook(desk.home.stock) as book:
        assert book.stock().standing == dict(zip(sorted(texts), done.serials, strict=True))


def test_printing_again_gives_out_no_paper(fake: FakeService, desk: Desk) -> None:
    issued(fake, desk)
    enter(desk, Move.RECEIVED, "SH0001-SH0020")
    first = printed(fake, desk)
    first.files[0].unlink()  # printed, and deleted as it should be
    again = printed(fake, desk)
    assert (again.files, again.serials) == ((), ())


def test_a_file_that_was_cut_off_is_made_again_the_same(
    fake: FakeService, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued(fake, desk)
    enter(desk, Move.RECEIVED, "SH0001-SH0020")

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("issuers.sign.desk.prints.replace_file", crash)
        with pytest.raises(KeyboardInterrupt):
            printed(fake, desk)
    pin_template(desk.home, KIND, ADJUSTED, now_ms=1)  # the earlier print keeps its own template
    fake.world.now += 86_400_000
    mended = printed(fake, desk)
    assert mended.remade == 1 and mended.serials == ()
    data = mended.files[0].read_bytes()
    assert shipped(KIND).hash.encode() in data
    assert printed(fake, desk, remake=True).files[0].read_bytes() == data
    with StockBook(desk.home.stock) as book:
        assert book.stock().counts()[State.PRINTED] == 5


def test_a_spoilt_sheet_is_printed_on_the_next_serial_and_a_delivered_one_is_a_reissue(
    fake: FakeService, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued(fake, desk)
    enter(desk, Move.RECEIVED, "SH0001-SH0020")
    printed(fake, desk)
    enter(desk, Move.DELIVERED, "SH0002")
    enter(desk, Move.SPOILT, "SH0001-SH0002", reason="water")
    pages: list[tuple[str, str]] = []
    from issuers.sign.desk import prints

    real: Callable[..., bytes] = prints.make_print

    def spy(told: prints.Pages, **more: object) -> bytes:
        pages.extend((page.serial or "", page.remark) for page, _ in told)
        return real(told, **more)

    monkeypatch.setattr(prints, "make_print", spy)
    assert printed(fake, desk).serials == ("SH0006", "SH0007")
    assert pages[-2:] == [("SH0006", ""), ("SH0007", "补发")]


def test_a_revoked_certificate_gets_no_paper(fake: FakeService, desk: Desk) -> None:
    report = issued(fake, desk)
    enter(desk, Move.RECEIVED, "SH0001-SH0020")
    move_certificate(desk, report.issued[0].certificate, move="revoke", reason="fraud")
    move_certificate(desk, report.issued[1].certificate, move="suspend", reason="investigation")
    move_certificate(desk, report.issued[2].certificate, move="suspend", reason="investigation")
    move_certificate(desk, report.issued[2].certificate, move="restore", reason="cleared")
    assert len(printed(fake, desk).serials) == 3


def test_too_little_paper_or_nothing_issued_gives_out_nothing(fake: FakeService, desk: Desk) -> None:
    with pytest.raises(MalanError) as caught:
        printed(fake, desk)
    assert caught.value.code == "PRINT_NOTHING"
    issued(fake, desk)
    enter(desk, Move.RECEIVED, "SH0001-SH0004")
    with pytest.raises(MalanError) as caught:
        printed(fake, desk)
    assert caught.value.code == "STOCK_SHORT"
    with StockBook(desk.home.stock) as book:
        assert book.stock().counts()[State.BLANK] == 4
    assert not (desk.home.path / "prints").exists()


def test_one_page_that_cannot_be_set_leaves_the_others_alone(
    fake: FakeService, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from issuers.sign.desk import prints

    issued(fake, desk)
    enter(desk, Move.RECEIVED, "SH0001-SH0020")
    real = prints.page_fields
    calls = iter(range(1_000))

    def sometimes(*given: object, **more: object) -> object:
        page = real(*given, **more)  # type: ignore[arg-type]
        if next(calls) == 1:
            raise MalanError("PAGE_TEXT_TOO_LONG", "the text does not fit", where="name")
        return page

    monkeypatch.setattr(prints, "page_fields", sometimes)
    report = printed(fake, desk)
    assert [error.code for _, error in report.troubles] == ["PAGE_TEXT_TOO_LONG"]
    assert report.serials == ("SH0001", "SH0002", "SH0003", "SH0004")


def test_pictures_of_the_pages_are_not_blank(fake: FakeService, desk: Desk, tmp_path: Path) -> None:
    folder = folders(issued(fake, desk))[0]
    image: Image.Image = drawn((folder / "certificate.pdf").read_bytes(), tmp_path, dpi=60)
    assert image.getextrema() == (0, 255)
