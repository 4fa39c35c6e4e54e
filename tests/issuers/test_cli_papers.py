"""`malan-sign issue --pdf`, `print`, `stock` and `template` as a person or a script runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from issuers.printing.attached import Seal, read_attached
from issuers.printing.certificate_pdf import page_count
from issuers.sign.commands import papers, session, stock
from tests.issuers.issuing import confirmed_class
from tests.issuers.test_cli import Office, document
from tests.issuers.test_keyring import PASSPHRASE


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A confirmed class; the machine's clock is the world's and nobody sleeps."""
    fake = confirmed_class()
    for module in (session, papers, stock):
        monkeypatch.setattr(module, "now_ms", lambda: fake.world.now)
    monkeypatch.setattr(session.time, "sleep", lambda _: None)
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    monkeypatch.setenv("MALAN_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    with fake.listening() as server:
        yield Office(fake, tmp_path, server)


def test_from_certificates_to_paper_and_its_end(office: Office) -> None:
    issued = document(office.run("signatory", "issue", office.class_id, "--pdf", "--english", "-y", "--json"))
    assert issued["ok"] and all(one["pdf"] for one in issued["certificates"])
    for one in issued["certificates"]:
        pdf = (Path(one["folder"]) / "certificate.pdf").read_bytes()
        assert page_count(pdf) == 2 and read_attached(pdf).seal is Seal.SOUND
    short = office.run("signatory", "print", office.class_id, "-y", "--json")
    assert short.exit_code == 1 and document(short)["error"]["code"] == "STOCK_SHORT"
    assert office.run("signatory", "stock", "receive", "sh00000001-SH00000020", "-y").exit_code == 0
    done = document(office.run("signatory", "print", office.class_id, "-y", "--json"))
    assert done["serials"] == [f"SH{number:08d}" for number in range(1, 6)]
    assert page_count(Path(done["files"][0]).read_bytes()) == 5
    for command in (
        ("deliver", "SH00000001-SH00000003"),
        ("spoil", "SH00000004", "--reason", "paper-jam"),
        ("lose", "SH00000020", "--reason", "stocktaking"),
        ("destroy", "SH00000004", "--by", "甲", "--by", "乙"),
    ):
        entered = office.run("signatory", "stock", *command, "--yes")
        assert entered.exit_code == 0, entered.output
    told = document(office.run("signatory", "stock", "show", "--json"))
    counts = {state: one["sheets"] for state, one in told["states"].items()}
    assert counts == {"blank": 14, "printed": 1, "delivered": 3, "spoilt": 0, "lost": 1, "destroyed": 1}
    assert sum(counts.values()) == told["received"] == 20
    again = document(office.run("signatory", "print", office.class_id, "-y", "--json"))
    assert again["serials"] == ["SH00000006"]


def test_the_way_of_a_sheet_and_of_a_certificate_and_the_book_as_a_table(
    office: Office, tmp_path: Path
) -> None:
    office.run("signatory", "issue", office.class_id, "-y")
    office.run("signatory", "stock", "receive", "SH00000001-SH00000009", "-y")
    office.run("signatory", "print", office.class_id, "-y")
    office.run("signatory", "stock", "spoil", "SH00000002", "--reason", "paper-jam", "-y")
    office.run("signatory", "print", office.class_id, "-y")
    way = document(office.run("signatory", "stock", "show", "SH00000002", "--json"))["way"]
    assert [one["move"] for one in way] == ["received", "printed", "spoilt"]
    number = way[1]["number"]
    way = document(office.run("signatory", "stock", "show", number, "--json"))["way"]
    assert [(one["serial"][-1], one["move"]) for one in way if one["number"]] == [
        ("2", "printed"),
        ("6", "printed"),
    ]
    file = tmp_path / "book.csv"
    assert office.run("signatory", "stock", "export", str(file)).exit_code == 0
    lines = file.read_text("utf-8-sig").splitlines()
    assert len(lines) == 1 + 9 + 5 + 1 + 1 and sum(number in line for line in lines) == 2
    plain = office.run("signatory", "stock", "show")
    assert plain.exit_code == 0 and "SH00000007-SH00000009" in plain.output
    unknown = office.run("signatory", "stock", "show", "SH00000099")
    assert unknown.exit_code == 1 and "STOCK_UNKNOWN" in unknown.output


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("deliver", "SH0001"), "STOCK_UNKNOWN"),
        (("receive", "SH1"), "SERIAL_FORM"),
        (("destroy", "SH0001", "--by", "甲"), "STOCK_WITNESSES"),
        (("spoil", "SH0001", "--reason", "Wet Paper"), "SHAPE_FORM"),
    ],
)
def test_what_the_book_refuses_is_said_with_its_code(
    office: Office, command: tuple[str, ...], code: str
) -> None:
    refused = office.run("signatory", "stock", *command, "-y", "--json")
    assert refused.exit_code in (1, 2) and document(refused)["error"]["code"] == code


def test_a_template_is_shown_adjusted_previewed_and_pinned(office: Office, tmp_path: Path) -> None:
    text = tmp_path / "own.typ"
    assert office.run("signatory", "template", "show", "C", "--out", str(text)).exit_code == 0
    text.write_bytes(text.read_bytes().replace("特发此证".encode(), "准予发证".encode()))
    assert office.run("signatory", "template", "check", "C", str(text)).exit_code == 0
    shots = document(
        office.run("signatory", "template", "preview", "C", str(text), "--out", str(tmp_path / "p"), "--json")
    )
    assert len(shots["files"]) == 4
    assert all(Path(file).read_bytes().startswith(b"\x89PNG") for file in shots["files"])
    pinned = document(office.run("signatory", "template", "pin", "C", str(text), "-y", "--json"))
    assert pinned["version"] == 1
    shown = document(office.run("signatory", "template", "show", "C", "--json"))
    assert shown["hash"] == pinned["hash"] and "准予发证" in shown["text"]
    issued = document(office.run("signatory", "issue", office.class_id, "--pdf", "-y", "--json"))
    pdf = (Path(issued["certificates"][0]["folder"]) / "certificate.pdf").read_bytes()
    assert pinned["hash"].encode() in pdf
    text.write_text("#certificate()\n")
    bad = office.run("signatory", "template", "check", "C", str(text))
    assert bad.exit_code == 2 and "TEMPLATE_BAD" in bad.output and "unknown variable" in bad.output
