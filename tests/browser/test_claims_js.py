"""What the desk's JavaScript signs and normalises, against Python: the same bytes, the same refusals."""

from __future__ import annotations

import random
from datetime import date

from stdnum.cn import ric

from issuers.acts import read_act
from issuers.acts.certificates import ClaimDecided, ClaimWithdrawn
from issuers.acts.words import Outcome
from issuers.identifiers.codes import check_uscc
from issuers.identifiers.identity import ID_LABELS, IdNumber, IdType, normalise
from issuers.identifiers.organisations import OrganisationRole
from issuers.shape import to_map
from issuers.sign.answers import read_prepared_claim
from issuers.sign.drafting import Speaker
from issuers.sign.drafting_certificates import ClaimFacts, claim_parcel
from ledger import cbor
from ledger.cose import check_sign1
from ledger.errors import MalanError
from ledger.keys import ES256, from_seed, public_key
from ledger.statement import parse_statement, uuid7
from tests.browser.conftest import Script

TODAY = date(2026, 3, 13)
FACES = "0123456789XxHMABCDabcd０１２３４５６７８９ＸＨ 　-·\u2003\u0131\u017f\x1c\u00a0"


def numbers(seed: int, count: int) -> list[tuple[str, str]]:
    """Sound numbers of every kind, and the same with a character or two changed."""
    dice = random.Random(seed)
    found = [(kind.value, text) for kind in IdType for text in ("", " ", "　", "x" * 65, "ſ2345678", "０")]
    for _ in range(count):
        kind = dice.choice(list(IdType))
        year = dice.choice((1849, 1850, 1962, 1999, 2024, 2026))
        born = f"{year}{dice.randint(1, 13):02d}{dice.randint(1, 31):02d}"
        front = dice.choice(("310101", "810000", "830000", "911111", "010101", "310115")) + born + "000"
        eighteen = front + ric.calc_check_digit(front + "0")
        head = "".join(dice.choice("ABC") for _ in range(3)) + f"{dice.randint(0, 9999):04d}{born[2:]}1"
        weights = (7, 3, 1)
        old = head + str(sum(int(one, 36) * weights[at % 3] for at, one in enumerate(head)) % 10)
        digits = f"{dice.randint(0, 10**8 - 1):08d}"
        text = dice.choice(
            (
                eighteen,
                eighteen,
                eighteen.lower(),
                f"310101{born[2:]}000",
                old,
                digits,
                f"H{digits}",
                f"m{digits}01",
                f"E{digits}",
            )
        )
        for _ in range(dice.choice((0, 0, 0, 1, 2))):
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice(FACES) + text[at + dice.randrange(2) :]
        found.append((kind.value, text))
    return found


def said(kind: str, text: str) -> str:
    try:
        return normalise(IdType(kind), text, today=TODAY).number
    except MalanError as error:
        return error.code


def test_documents_have_one_normal_form(script: Script) -> None:
    body = """({normaliseId}, [cases, today]) => cases.map(([kind, text]) => {
      try { return normaliseId(kind, text, today); } catch (error) { return error.code ?? `${error}`; }
    })"""
    cases = numbers(5, 6_000)
    heard = script("/js/issuers/documents.js", body, [cases, TODAY.isoformat()])
    wanted = [said(*case) for case in cases]
    different = [(*case, py, js) for case, py, js in zip(cases, wanted, heard, strict=True) if py != js]
    assert different == []
    codes = {one for one in wanted if one.startswith("ID_")}
    forms = ("EMPTY", "FORM", "TYPE_MISMATCH", "CHECK_DIGIT", "BIRTH_IMPOSSIBLE", "BIRTH_FUTURE")
    assert codes == {f"ID_{form}" for form in forms}  # the corpus reaches every refusal
    assert sum(one in wanted for one in wanted if not one.startswith("ID_")) > 500


def test_the_form_offers_the_kinds_there_are(script: Script) -> None:
    told = script("/js/issuers/documents.js", "({ID_TYPES}) => ID_TYPES")
    assert [(one[0], one[1]) for one in told] == [(kind.value, label) for kind, label in ID_LABELS.items()]


def test_credit_codes_have_one_normal_form(script: Script) -> None:
    dice = random.Random(9)
    sound = "91310101MA1FL0000X"
    cases = [
        sound,
        sound.lower(),
        "９１310101MA1FL0000X",
        "310101123456789",
        "",
        "x" * 101,
        sound + "-",
        "ſ1310101MA1FL0000X",
    ]
    for _ in range(2_000):
        at = dice.randrange(len(sound))
        cases.append(sound[:at] + dice.choice(FACES + "IOSVZ") + sound[at + dice.randrange(2) :])
    body = """({checkUscc}, cases) => cases.map((text) => {
      try { return checkUscc(text); } catch (error) { return error.code ?? `${error}`; }
    })"""

    def python(text: str) -> str:
        try:
            return check_uscc(text).code
        except MalanError as error:
            return error.code

    wanted = [python(text) for text in cases]
    assert script("/js/issuers/documents.js", body, cases) == wanted
    assert 100 < wanted.count("USCC_FORM") < len(wanted) - 100


PREPARED = {
    "claim": "0a" * 16,
    "certificate": "0b" * 16,
    "project": "001",
    "policy": "demo",
    "district": "district-310104",
    "project_nullifier": "0c" * 32,
    "slot_nullifier": "0d" * 32,
    "outcome": "PASS",
    "amount_fen": 180_000,
    "unconfirmed": True,
}
SIGN = """async (module, {prepared, facts, key, iat, cti, iss, aud, changed}) => {
  const sign = await import("/js/issuers/sign.js");
  const signer = await sign.webSigner(await sign.newKeyPair());
  const moment = { iat, cti: sign.fromHex(cti) };
  const drafts = [
    await module.draftClaim(prepared, { ...facts, ...changed }, sign.fromHex(key)),
    module.draftDecision(prepared.claim, {
      outcome: "rejected", reasons: ["ROLE_NOT_HELD"], amountFen: 0, release: true }),
    module.draftWithdrawal(prepared.claim, "applicant-asked"),
  ];
  const made = [];
  for (const one of drafts) {
    const parcel = await module.signDraft(signer, { iss, aud }, one, moment);
    made.push([sign.hex(parcel.statement), parcel.openings.map(sign.hex)]);
  }
  return [sign.hex(signer.public.spki), made];
}"""


def test_a_claim_signed_in_the_browser_is_the_one_malan_sign_makes(script: Script) -> None:
    facts = ClaimFacts(
        IdNumber(IdType.RESIDENT_ID, "310101196202030009"),
        "申城𠮷祥信息科技有限公司",
        "91310101MA1FL0000X",
        OrganisationRole.PARTNER,
        date(2025, 2, 28),
    )
    told = {
        "id_type": facts.id.type.value,
        "id_number": facts.id.number,
        "organisation": facts.organisation,
        "uscc": facts.uscc,
        "role": facts.role.value,
        "founded_on": facts.founded_on.isoformat(),
    }
    key, now_ms, fresh = bytes(range(32)), 1_773_367_200_123, bytes(range(10))
    cti = uuid7(time_ms=now_ms, randomness=fresh)
    speaker = Speaker(from_seed(ES256, bytes(range(48))), "district-310115", "log.malan.example/2026")
    prepared = read_prepared_claim(PREPARED)
    wanted = claim_parcel(speaker, prepared, facts, record_key=key, now_ms=now_ms, fresh=fresh)
    asked = {
        "prepared": PREPARED,
        "facts": told,
        "key": key.hex(),
        "iat": now_ms // 1000,
        "cti": cti.hex(),
        "iss": speaker.party,
        "aud": speaker.origin,
        "changed": {},
    }
    spki, made = script("/js/issuers/claims.js", SIGN, asked)
    statement = parse_statement(bytes.fromhex(made[0][0]))
    expected = parse_statement(wanted.statement)
    assert statement.message.payload == expected.message.payload
    assert statement.message.claims == expected.message.claims
    assert statement.message.content_type == expected.message.content_type
    assert [bytes.fromhex(one) for one in made[0][1]] == list(wanted.openings)
    for raw, _ in made:
        check_sign1(parse_statement(bytes.fromhex(raw)).message, public_key(ES256, bytes.fromhex(spki)))
    others = [parse_statement(bytes.fromhex(raw)) for raw, _ in made[1:]]
    acts = [ClaimDecided(Outcome.REJECTED, ("ROLE_NOT_HELD",), 0, True), ClaimWithdrawn("applicant-asked")]
    assert [read_act(one) for one in others] == acts
    assert [one.message.payload for one in others] == [cbor.encode(to_map(act)) for act in acts]
    # Negative control: one character more in one committed field is another commitment.
    _, again = script("/js/issuers/claims.js", SIGN, {**asked, "changed": {"organisation": "申城"}})
    assert parse_statement(bytes.fromhex(again[0][0])).message.payload != expected.message.payload
