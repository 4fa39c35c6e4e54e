"""`issuers/SPEC.md` names what the code has: acts with fields and signers, words, kinds, states and steps."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

import issuers
from issuers.acts import KINDS
from issuers.acts.erasures import ErasureReason
from issuers.acts.reasons import NATIONAL_WORDS, REASONS
from issuers.acts.words import COMMITTED, Duty, Outcome, RevocationCause, Role, ServicePurpose
from issuers.authority.judge import RULES
from issuers.authority.table import TABLE
from issuers.bundle import Bundle
from issuers.carried import ACTS, TRUST
from issuers.digits import from_digits, to_digits
from issuers.standard import Component, Standard
from tests.verify.shown import issued_world
from verify.verdict import PRECEDENCE, StepNumber, Verdict
from verify.words import STEP_NAMES

TEXT = (Path(issuers.__file__).parent / "SPEC.md").read_text(encoding="utf-8")
ACT_ROW = re.compile(r"\| `([a-z-]+)` v([0-9]+) \| `([^`]+)` \| ([^|]+) \| ([^|]+) \|")


def rows_of(heading: str) -> list[list[str]]:
    """The table rows, as cells, of a section."""
    section = re.split(r"\n##+ ", TEXT.split(f"\n{heading}", 1)[1], maxsplit=1)[0]
    lines = [line for line in section.split("\n") if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def acts_in(text: str) -> dict[tuple[str, int], tuple[str, dict[str, bool], str]]:
    """Subject, fields (with whether they may be left out) and signers of each act row."""
    found = {}
    for kind, version, subject, fields, who in ACT_ROW.findall(text):
        named = re.findall(r"`([a-z_]+)`(\??)", fields)
        found[kind, int(version)] = (subject, {name: mark == "?" for name, mark in named}, who.strip())
    return found


def optional_fields(body: type) -> dict[str, bool]:
    fields = dataclasses.fields(body)
    return {item.name: item.default is not dataclasses.MISSING for item in fields}


def test_every_act_stands_in_the_tables_with_exactly_its_fields() -> None:
    written = acts_in(TEXT)
    assert written.keys() == KINDS.keys()
    for key, body in KINDS.items():
        assert written[key][1] == optional_fields(body), key


def test_the_comparison_notices_a_missing_field_and_a_missing_act() -> None:
    """The control: a specification with something left out does not pass."""
    without_field = TEXT.replace("`status_index` 0–1048575; `issued_on`", "`issued_on`")
    assert without_field != TEXT
    key = ("certificate-issued", 1)
    assert acts_in(without_field)[key][1] != optional_fields(KINDS[key])
    without_act = TEXT.replace("| `roster` v1 |", "| `rooster` v1 |")
    assert acts_in(without_act).keys() != KINDS.keys()


@pytest.mark.parametrize("kind", TABLE)
def test_who_may_say_it_is_what_the_authority_table_says(kind: str) -> None:
    signers = []
    for row in TABLE[kind]:
        roles = ["any"] if row.roles == frozenset(Role) else sorted(row.roles)
        signers += [f"{role} {row.duty}{', two' if row.approval else ''}" for role in roles]
    assert acts_in(TEXT)[kind, 1][2] == "; or ".join(signers)


def test_every_rule_of_the_judge_has_a_line() -> None:
    named = " ".join(row[0] for row in rows_of("## 2. Authority"))
    for kind in RULES[1]:
        head, _, tail = kind.partition("-")
        assert kind in named or (head in named and f"-{tail}" in named), kind


def test_the_words_are_those_of_the_vocabulary() -> None:
    rows = {row[0]: row[1].split() for row in rows_of("### 1.4") if len(row) == 2}
    assert rows["`role`"] == [word.value for word in Role]
    assert rows["`duties`"] == [word.value for word in Duty]
    assert rows["`cause`"] == [word.value for word in RevocationCause]
    assert rows["`reason` of an erasure order"] == [word.value for word in ErasureReason]
    assert rows["`outcome`"] == [word.value for word in Outcome]
    assert rows["purpose of a service key"] == [word.value for word in ServicePurpose]


@pytest.mark.parametrize("kind", COMMITTED)
def test_the_committed_fields_are_named_in_their_order(kind: str) -> None:
    rows = {row[0].strip("`"): row[1] for row in rows_of("### 1.4") if len(row) == 2}
    assert tuple(re.split(r"[ ,]+", rows[kind])[: len(COMMITTED[kind])]) == COMMITTED[kind]


def test_the_reasons_stand_with_their_national_status() -> None:
    rows = {row[0].strip("`"): row[1].split() for row in rows_of("### 1.5") if row[0].startswith("`")}
    told = {kind: dict(zip(row[::2], row[1::2], strict=True)) for kind, row in rows.items()}
    known = {
        kind: {reason: cause.national.value for reason, cause in causes.items()}
        for kind, causes in REASONS.items()
    }
    assert told == known
    for status, (zh, _) in NATIONAL_WORDS.items():
        assert f"{status.value} {zh}" in TEXT


def test_documents_and_bundle_name_every_field() -> None:
    standard = TEXT.split("A standard's document:")[1].split("\n\n")[0]
    for item in (*dataclasses.fields(Standard), *dataclasses.fields(Component)):
        assert item.name in standard, item.name
    bundle = TEXT.split("## 7. Trust bundle")[1].split("Opening, in order")[0]
    for field in dataclasses.fields(Bundle):
        assert f"`{field.name}`" in bundle, field.name
    of_trust, of_desks = bundle.split("`acts.cbor`")
    for kind in TRUST.kinds:
        assert kind in of_trust
    for kind in ACTS.kinds - TRUST.kinds:
        assert kind in of_desks
        assert kind not in of_trust
    for form in (TRUST, ACTS):
        assert form.content_type in bundle


def test_the_example_of_the_digits_is_true() -> None:
    raw, digits = bytes.fromhex("68656c6c6f20776f726c64"), "335311851610699281684828783"
    assert digits in TEXT
    assert raw.hex() in TEXT
    assert to_digits(raw) == digits
    assert from_digits(digits) == raw


def test_the_example_of_a_credential_is_the_beginning_of_a_real_one() -> None:
    example = TEXT.split("## 5. Credential")[1].split("Example: `")[1].split("`")[0]
    pattern = "[0-9a-f]*".join(re.escape(part.replace(" ", "")) for part in example.split("…"))
    assert re.fullmatch(pattern, issued_world().credentials[0].hex())


def test_the_twelve_steps_are_those_of_the_verdict() -> None:
    names = [row[0] for row in rows_of("## 8. Verifying") if re.match(r"[0-9]+ ", row[0])]
    assert names == [f"{number.value} {STEP_NAMES[number].en.lower()}" for number in StepNumber]


def test_the_states_stand_in_their_precedence_with_their_exit_codes() -> None:
    states = {state.value for state in PRECEDENCE}
    rows = [(row[0], int(row[1])) for row in rows_of("## 8. Verifying") if row[0] in states]
    verdicts = [Verdict(state, "", (), False, False, 0, 0, None, None, 0) for state in PRECEDENCE]
    assert rows == [(verdict.state.value, verdict.exit_code) for verdict in verdicts]
