"""`malan-verify check` as a person runs it: arguments, files, exit codes, and what it prints where."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from issuers.acts.certificates import CertificateRevoked
from issuers.acts.words import CertificateKind
from issuers.credential import parse_credential
from issuers.printing.certificate_pdf import make_pdf
from issuers.printing.seal import seal_pdf, self_certificate
from issuers.printing.templates import shipped
from issuers.qr import png
from tests.issuers.paper import page_of
from tests.verify.shown import issued_world, proof_of
from tests.world import World
from tests.world_parts import HOST
from verify.__main__ import main
from verify.pins import PINS

AT = "2026-03-13T11:00:00+08:00"


@dataclass
class Program:
    """A folder with a world's files, and the program run in it."""

    folder: Path
    world: World
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def write(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return self.path(name)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr("sys.argv", ["malan-verify", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self.capfd.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in err
        return ended.value.code, out, err

    def check(self, what: str, *options: str, at: str = AT) -> tuple[int, dict[str, Any]]:
        given = ["--trust", self.path("trust.cbor"), "--at", at, "--offline", "--json"]
        code, out, _ = self.run("check", what, *given, *options)
        document = json.loads(out)
        assert document["exit"] == code
        return code, document


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Program:
    monkeypatch.chdir(tmp_path)
    for name in ("MALAN_HOME", "MALAN_SERVER"):
        monkeypatch.delenv(name, raising=False)
    program = Program(tmp_path, issued_world(), monkeypatch, capfd)
    program.write("trust.cbor", program.world.bundle())
    return program


def test_text_file_picture_and_credential_give_the_same_answer(program: Program) -> None:
    world = program.world
    for what in (
        world.qr_texts[0],
        program.write("qr.txt", world.qr_texts[0].encode() + b"\n"),
        program.write("crlf.txt", world.qr_texts[0].encode() + b"\r\n"),
        program.write("card.png", png(world.qr_texts[0], scale=4)),
        program.write("credential.cose", world.credentials[0]),
    ):
        code, document = program.check(what)
        assert (code, document["state"]) == (0, "valid")
        assert document["facts"]["number"] == world.certificates[0].number


def test_standard_input_is_read_for_a_dash(program: Program) -> None:
    data = io.TextIOWrapper(io.BytesIO(program.world.qr_texts[0].encode()))
    program.monkeypatch.setattr("sys.stdin", data)
    assert program.check("-")[0] == 0


def test_with_its_proof_it_is_complete_and_final(program: Program) -> None:
    proof = program.write("certificate.tlog-proof", proof_of(program.world))
    code, document = program.check(program.world.qr_texts[0], "--proof", proof, "--require-proof")
    assert (code, document["complete"], document["final"]) == (0, True, True)


def test_a_proof_beside_the_credential_is_not_guessed(program: Program) -> None:
    program.write("certificate.tlog-proof", proof_of(program.world))
    what = program.write("credential.cose", program.world.credentials[0])
    assert program.check(what)[1]["complete"] is False


def test_exit_codes_of_no_and_of_could_not_check(program: Program) -> None:
    world = program.world
    text = world.qr_texts[0]
    code, document = program.check(text, "--require-proof")
    assert (code, document["state"]) == (2, "could_not_check")
    code, document = program.check(text, at="2026-03-12")
    assert (code, document["state"]) == (1, "not_yet_valid")
    code, document = program.check(text.replace(world.certificates[0].code, world.certificates[1].code))
    assert (code, document["state"], document["facts"]) == (1, "tampered", None)
    subject = f"certificate/{world.certificates[0].id.hex()}"
    world.say("certificate-revoked", "signatory", subject, CertificateRevoked("fraud"))
    program.write("trust.cbor", world.bundle())
    code, document = program.check(text)
    assert (code, document["state"]) == (1, "revoked")


@pytest.mark.parametrize(
    "what", ["no-such-file.txt", "", "x" * 5000, "\x00", "hello", "https://evil.example/v/1#1", "HTTPS://X"]
)
def test_what_is_neither_code_nor_file_is_unreadable(program: Program, what: str) -> None:
    code, document = program.check(what)
    assert (code, document["state"]) == (2, "unreadable")


def test_files_of_other_kinds_are_unreadable(program: Program) -> None:
    for name, data in (
        ("empty", b""),
        ("some.pdf", b"%PDF-1.7\n" + bytes(300)),
        ("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(40)),
        ("words.txt", "一段文字".encode()),
        ("bytes", bytes(range(256))),
    ):
        code, document = program.check(program.write(name, data))
        assert (code, document["state"]) == (2, "unreadable"), name


def pdf_of(program: Program, number: int, *, proof: bytes | None, sealed_by: str | None) -> bytes:
    """The PDF of a certificate of the world, as its body makes it."""
    credential = program.world.credentials[number]
    page = page_of(parse_credential(credential).claims)
    template = shipped(CertificateKind.QUALIFICATION)
    pdf = make_pdf(page, host=HOST, credential=credential, proof=proof, template=template)
    if sealed_by is None:
        return pdf
    signer = program.world.people[sealed_by].signer
    chain = (self_certificate(signer, body="示例"),)
    return seal_pdf(pdf, signer, chain=chain, body="示例", at=datetime(2026, 3, 13, tzinfo=UTC))


def test_a_pdf_gives_the_answer_of_the_credential_and_the_proof_in_it(program: Program) -> None:
    proof = proof_of(program.world)
    credential = program.write("credential.cose", program.world.credentials[0])
    beside = program.write("certificate.tlog-proof", proof)
    for carried, options in ((None, ()), (proof, ("--proof", beside))):
        pdf = program.write("a.pdf", pdf_of(program, 0, proof=carried, sealed_by="signatory"))
        assert program.check(pdf) == program.check(credential, *options)
        _, _, err = program.run("check", pdf, "--trust", program.path("trust.cbor"), "--at", AT, "--offline")
        assert "Believe what is shown here" not in err


def test_a_pdf_without_the_signers_seal_is_answered_with_a_warning(program: Program) -> None:
    for sealed_by in (None, "evaluator-1"):
        pdf = program.write("a.pdf", pdf_of(program, 0, proof=None, sealed_by=sealed_by))
        given = ["--trust", program.path("trust.cbor"), "--at", AT, "--offline"]
        code, _, err = program.run("check", pdf, *given)
        assert code == 0 and "Believe what is shown here" in err


def test_a_pdf_changed_after_it_was_sealed_is_tampered(program: Program) -> None:
    pdf = bytearray(pdf_of(program, 0, proof=None, sealed_by="signatory"))
    pdf[pdf.index(b"/Kids[") - 1] ^= 1
    code, document = program.check(program.write("a.pdf", bytes(pdf)))
    assert (code, document["state"], document["code"]) == (1, "tampered", "PDF_ALTERED")
    assert document["facts"] is None


def test_a_bundle_that_cannot_be_trusted_is_could_not_check(program: Program) -> None:
    program.write("trust.cbor", program.world.receipt(0))
    code, document = program.check(program.world.qr_texts[0])
    assert (code, document["state"], document["code"]) == (2, "could_not_check", "BUNDLE_KIND")
    assert document["steps"][2]["result"] == "failed"


def test_without_any_bundle_it_says_how_to_get_one(program: Program) -> None:
    code, out, _ = program.run("check", program.world.qr_texts[0])
    assert code == 2
    assert "TRUST_MISSING" in out
    assert "--trust" in out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--at", "yesterday"], "TIME_FORM"),
        (["--at", "1900-01-01"], "TIME_FORM"),
        (["--proof", "nowhere"], "FILE_READ"),
        (["--genesis", "XYZ"], "HEX_FORM"),
    ],
)
def test_a_wrong_option_is_a_sentence_with_a_code_on_stderr(
    program: Program, options: list[str], code: str
) -> None:
    given = ["--trust", program.path("trust.cbor"), "--offline", "--json"]
    exit_code, out, err = program.run("check", program.world.qr_texts[0], *given, *options)
    assert (exit_code, out) == (2, "")
    assert code in err


def test_the_panel_is_chinese_first_and_reminds_of_the_identity_card(program: Program) -> None:
    given = ["--trust", program.path("trust.cbor"), "--offline", "--at", AT]
    code, out, err = program.run("check", program.world.qr_texts[0], *given)
    assert code == 0
    assert out.index("真实有效") < out.index("Genuine and in force")
    assert "身份证" in out
    assert "沈明" in out
    assert program.world.said[0].hash.hex() in err, "first use is said with the genesis"


def test_a_named_bundle_makes_no_folder_unless_one_is_named(program: Program) -> None:
    before = sorted(program.folder.iterdir())
    program.check(program.world.qr_texts[0])
    assert sorted(program.folder.iterdir()) == before
    program.monkeypatch.setenv("MALAN_HOME", program.path("mine"))
    program.check(program.world.qr_texts[0])
    assert (program.folder / "mine" / PINS).exists()
    _, _, err = program.run(
        "check", program.world.qr_texts[0], "--trust", program.path("trust.cbor"), "--offline", "--at", AT
    )
    assert "!!!" not in err


def test_the_bundle_in_the_home_is_used_when_none_is_named(program: Program) -> None:
    program.monkeypatch.setenv("MALAN_HOME", str(program.folder))
    code, _, _ = program.run("check", program.world.qr_texts[0], "--offline", "--at", AT)
    assert code == 0


def test_the_published_genesis_can_be_named(program: Program) -> None:
    genesis = program.world.said[0].hash.hex()
    _, document = program.check(program.world.qr_texts[0], "--genesis", genesis)
    assert document["steps"][2]["code"] == ""
    code, document = program.check(program.world.qr_texts[0], "--genesis", "00" * 32)
    assert (code, document["code"]) == (2, "TRUST_GENESIS")


def test_a_defect_of_ours_is_a_sentence_and_exit_code_2(program: Program) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret value")

    program.monkeypatch.setattr("verify.gather.check", broken)
    given = ["--trust", program.path("trust.cbor"), "--offline"]
    code, out, err = program.run("check", program.world.qr_texts[0], *given)
    assert (code, out) == (2, "")
    assert "INTERNAL" in err
    assert "secret" not in err


def test_a_terminal_without_chinese_gets_escapes_and_no_error(program: Program) -> None:
    given = ["--trust", program.path("trust.cbor"), "--offline", "--at", AT]
    plain = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    program.monkeypatch.setattr("sys.stdout", plain)
    code, _, err = program.run("check", program.world.qr_texts[0], *given)
    plain.flush()
    assert code == 0
    assert "INTERNAL" not in err
    assert "Genuine and in force" in plain.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]


def test_help_and_no_arguments_are_no_errors_of_ours(program: Program) -> None:
    code, out, err = program.run("--help")
    assert code == 0
    assert "check" in out + err
    assert program.run()[0] == 2
    assert program.run("check", "--no-such-option")[0] == 2
