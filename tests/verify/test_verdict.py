"""Verdicts as values: words, exit codes, documents, and what they never let out."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

import verify
from tests.verify.shown import claims_of, issued_world, now_of, proof_of, resigned, show, show_file
from verify.findings import conclude, failed, passed, unknown
from verify.panel import render
from verify.verdict import PRECEDENCE, State, StepNumber, StepResult, Verdict
from verify.words import CODES, FAILED, PASSED, STATE_WORDS, STEP_NAMES

EXIT_CODES = {
    State.VALID: 0,
    State.NOT_LOGGED: 1,
    State.SUSPENDED: 1,
    State.REVOKED: 1,
    State.CANCELLED: 1,
    State.SUPERSEDED: 1,
    State.EXPIRED: 1,
    State.TAMPERED: 1,
    State.UNKNOWN_ISSUER: 1,
    State.OUT_OF_SCOPE: 1,
    State.NOT_YET_VALID: 1,
    State.COULD_NOT_CHECK: 2,
    State.UNREADABLE: 2,
}


def of_state(state: State) -> Verdict:
    number = StepNumber.ISSUER
    finding = passed(number) if state is State.VALID else failed(number, state, "STANDARD_NONE")
    return conclude([*(passed(StepNumber(one)) for one in range(1, 7)), finding], now=0)


def test_a_verdict_is_not_a_boolean() -> None:
    with pytest.raises(TypeError):
        bool(of_state(State.VALID))


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_exit_code_its_words_and_advice_in_both_languages(state: State) -> None:
    verdict = of_state(state)
    assert verdict.state is state
    assert verdict.exit_code == EXIT_CODES[state]
    for words in (verdict.words, verdict.advice):
        assert words.zh.strip()
        assert not words.zh.isascii()
        assert words.en.isascii()
    assert len(STATE_WORDS[state].icon) == 1


def test_precedence_names_every_state_once_and_valid_comes_last() -> None:
    assert sorted(PRECEDENCE) == sorted(State)
    assert PRECEDENCE[-1] is State.VALID
    assert PRECEDENCE[-2] is State.COULD_NOT_CHECK


@pytest.mark.parametrize("first", State)
@pytest.mark.parametrize("second", State)
def test_the_earlier_state_in_precedence_wins_whatever_the_order_of_the_steps(
    first: State, second: State
) -> None:
    findings = [failed(StepNumber.ISSUER, first, "X"), failed(StepNumber.TIME, second, "X")]
    assert conclude(findings, now=0).state is min(first, second, key=PRECEDENCE.index)


def test_steps_not_reached_are_listed_as_such() -> None:
    verdict = conclude([failed(StepNumber.READ, State.UNREADABLE, "QR_UNREADABLE")], now=0)
    assert [step.number for step in verdict.steps] == list(range(1, 13))
    assert {step.result for step in verdict.steps[1:]} == {StepResult.COULD_NOT_CHECK}
    assert {step.code for step in verdict.steps[1:]} == {"NOT_REACHED"}


def test_every_step_has_a_name_and_a_sentence_for_passed_and_failed() -> None:
    for number in StepNumber:
        for table in (STEP_NAMES, PASSED, FAILED):
            assert not table[number].zh.isascii()
            assert table[number].en.isascii()


def _codes_named_in(module: str) -> set[str]:
    """Upper-case words in string constants: the codes a module gives to steps."""
    source = (Path(verify.__file__).parent / module).read_text(encoding="utf-8")
    texts = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    codes = (text for text in texts if isinstance(text, str) and len(text) > 3)
    return {text for text in codes if text.replace("_", "").isalpha() and text.isupper()}


@pytest.mark.parametrize("module", ["check.py", "findings.py", "logged.py", "scope.py"])
def test_every_code_a_step_can_carry_has_words_in_both_languages(module: str) -> None:
    codes = _codes_named_in(module) - {"PROOF_SUBJECT", "KEY_UNKNOWN", "STATUS_", "LIFE_"}
    assert codes, "the scan finds nothing: it is broken"
    assert codes <= CODES.keys()


def test_a_document_has_the_same_keys_in_every_state_and_is_plain_json() -> None:
    documents = [of_state(state).to_document() for state in State]
    assert len({tuple(document) for document in documents}) == 1
    for document in documents:
        assert json.loads(json.dumps(document)) == document
        assert document["facts"] is None


def test_the_document_of_a_valid_certificate_tells_who_answers_for_it() -> None:
    world = issued_world()
    document = show(world, proof=proof_of(world)).to_document()
    facts = document["facts"]
    assert isinstance(facts, dict)
    assert document["state"] == "valid"
    assert document["exit"] == 0
    assert facts["number"] == world.certificates[0].number
    assert facts["name"] == claims_of(world).name
    assert facts["body"] == {
        "id": "body-shenlan",
        "zh": "申蓝评价管理服务中心",
        "en": "Shenlan Evaluation",
    }
    assert facts["signatory"] == world.people["signatory"].staff.hex()
    assert facts["issued_on"] == "2026-03-13"
    assert facts["seq"] == world.certificates[0].seq
    assert facts["genesis"] == world.said[0].hash.hex()


def test_no_personal_value_stands_in_the_repr_of_a_verdict() -> None:
    world = issued_world()
    certificate = world.certificates[0]
    text = repr(show(world, proof=proof_of(world)))
    for secret in (claims_of(world).name, certificate.number, certificate.code):
        assert secret not in text


def _shown(verdict: Verdict) -> str:
    console = Console(width=80, highlight=False)
    with console.capture() as capture:
        console.print(render(verdict))
    return capture.get()


@pytest.mark.parametrize("state", State)
def test_the_panel_of_every_state_fits_80_columns_and_says_the_state_in_words(state: State) -> None:
    verdict = of_state(state)
    text = _shown(verdict)
    assert max(cell_len(line) for line in text.split("\n")) <= 80
    assert verdict.words.zh in text
    assert verdict.words.en in text


def test_the_panel_of_a_real_certificate_reminds_of_the_identity_card() -> None:
    world = issued_world()
    text = _shown(show(world, proof=proof_of(world)))
    assert "身份证" in text
    assert "沈明" in text
    assert "11/16" in text
    assert max(cell_len(line) for line in text.split("\n")) <= 80


def test_the_panel_of_a_tampered_certificate_shows_nothing_it_says() -> None:
    world = issued_world()
    verdict = show(
        world, text=world.qr_texts[0].replace(world.certificates[0].code, world.certificates[1].code)
    )
    assert verdict.state is State.TAMPERED
    assert "沈明" not in _shown(verdict)


def test_markup_in_a_name_is_shown_as_it_stands() -> None:
    world = issued_world()
    verdict = show_file(world, resigned(world, name="[red]甲[/red]"))
    assert "[red]甲[/red]" in _shown(verdict)


def test_what_could_not_be_checked_never_decides_without_a_state() -> None:
    findings = [passed(StepNumber.READ), unknown(StepNumber.DECODE, "NO_PROOF")]
    assert conclude(findings, now=now_of(issued_world())).state is State.VALID
