"""Policies: the grammar of tlog-policy, groups in groups, and everything it rules out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Cosigner
from ledger.errors import MalanError
from ledger.note import NoteSigner
from ledger.policy import Group, Log, Policy, Witness, parse_policy, render_policy, satisfied


def _private(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(seed.encode()).digest())


LOG = NoteSigner("registry.example/ledger", _private("log")).key
KEYS = [Cosigner(f"district-{n:02}.example/w", _private(f"w{n}")).key for n in range(1, 17)]
NAMES = [f"d{n:02}" for n in range(1, 17)]
SIXTEEN = "".join(
    [
        f"log {LOG.vkey} https://registry.example/ledger\n",
        *(f"witness {name} {key.vkey}\n" for name, key in zip(NAMES, KEYS, strict=True)),
        f"group districts 11 {' '.join(NAMES)}\n",
        "quorum districts\n",
    ]
)


def _code(attempt: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


def _cosigners(numbers: Iterable[int]) -> set[str]:
    return {KEYS[number].name for number in numbers}


def _witness(number: int) -> str:
    return f"witness {NAMES[number]} {KEYS[number].vkey}\n"


def test_eleven_of_sixteen_districts() -> None:
    policy = parse_policy(SIXTEEN.encode())
    assert (policy.witness_count, policy.needed) == (16, 11)
    assert policy.log_keys == (LOG,)
    assert policy.cosigner_keys == tuple(KEYS)
    assert satisfied(policy, _cosigners(range(5, 16)))
    assert not satisfied(policy, _cosigners(range(5, 15)))
    assert render_policy(policy).decode() == SIXTEEN


def test_strangers_and_the_names_used_inside_the_policy_count_for_nothing() -> None:
    policy = parse_policy(SIXTEEN.encode())
    strangers = {f"stranger-{number}.example/w" for number in range(20)}
    assert not satisfied(policy, strangers | set(NAMES) | _cosigners(range(10)))
    assert satisfied(policy, strangers | _cosigners(range(11)))


def test_quorum_none_asks_for_no_witness() -> None:
    policy = parse_policy(f"log {LOG.vkey}\nquorum none\n".encode())
    assert (policy.witness_count, policy.needed) == (0, 0)
    assert satisfied(policy, set())


def test_a_single_witness_may_be_the_quorum() -> None:
    policy = parse_policy((_witness(0) + _witness(1) + "quorum d01\n").encode())
    assert policy.needed == 1
    assert satisfied(policy, _cosigners([0]))
    assert not satisfied(policy, _cosigners([1]))
    assert not satisfied(policy, set())


def test_groups_in_groups_as_in_the_example_of_the_document() -> None:
    text = (
        "".join(_witness(number) for number in range(6))
        + "group X-witnesses 2 d01 d02 d03\ngroup Y-witnesses any d04 d05 d06\n"
        + "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
    )
    policy = parse_policy(text.encode())
    assert policy.needed == 3
    for count in range(7):
        for chosen in combinations(range(6), count):
            wanted = sum(number < 3 for number in chosen) >= 2 and any(number >= 3 for number in chosen)
            assert satisfied(policy, _cosigners(chosen)) == wanted


def test_comments_blank_lines_and_tabs_mean_nothing() -> None:
    text = "# a comment\n\n \t\n" + f"  witness\td01 \t{KEYS[0].vkey}\t\n" + "\t# another: é\n quorum  d01 \n"
    assert parse_policy(text.encode()) == parse_policy((_witness(0) + "quorum d01\n").encode())


def test_lines_may_follow_the_quorum() -> None:
    text = _witness(0) + "quorum d01\n" + _witness(1) + f"log {LOG.vkey}\n"
    assert parse_policy(text.encode()).witness_count == 2


W0, W1 = _witness(0), _witness(1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "POLICY_TEXT"),
        (W0 + "quorum d01", "POLICY_TEXT"),
        (W0 + "quorum d01\r\n", "POLICY_TEXT"),
        (W0 + "quorum d01\x00\n", "POLICY_TEXT"),
        (W0 + "quorum d01\x7f\n", "POLICY_TEXT"),
        (W0, "POLICY_QUORUM"),
        (W0 + "quorum d01\nquorum d01\n", "POLICY_QUORUM"),
        (W0 + "quorum d01\nquorum none\n", "POLICY_QUORUM"),
        (W0 + "quorum\n", "POLICY_LINE"),
        (W0 + "quorum d01 d02\n", "POLICY_LINE"),
        (W0 + "Quorum d01\n", "POLICY_LINE"),
        (W0 + "quorum d02\n", "POLICY_UNDEFINED"),
        ("quorum d01\n" + W0, "POLICY_UNDEFINED"),
        ("group g any d01\n" + W0 + "quorum g\n", "POLICY_UNDEFINED"),
        (W0 + "group g any g\nquorum g\n", "POLICY_UNDEFINED"),
        (W0 + "group g any none\nquorum g\n", "POLICY_UNDEFINED"),
        (W0 + "group g\nquorum g\n", "POLICY_LINE"),
        (W0 + "group g any\nquorum g\n", "POLICY_LINE"),
        (W0 + "group g 0 d01\nquorum g\n", "POLICY_THRESHOLD"),
        (W0 + "group g 2 d01\nquorum g\n", "POLICY_THRESHOLD"),
        (W0 + "group g 01 d01\nquorum g\n", "DECIMAL"),
        (W0 + "group g +1 d01\nquorum g\n", "DECIMAL"),
        (W0 + "group g most d01\nquorum g\n", "DECIMAL"),
        (W0 + "group g any d01 d01\nquorum g\n", "POLICY_MEMBER_TWICE"),
        (W0 + W1 + "group g any d01\ngroup h any d01 d02\nquorum h\n", "POLICY_MEMBER_TWICE"),
        (W0 + "group d01 any d01\nquorum d01\n", "POLICY_NAME_TWICE"),
        (W0 + W1.replace("d02", "d01") + "quorum d01\n", "POLICY_NAME_TWICE"),
        (W0.replace("d01", "none") + "quorum none\n", "POLICY_NAME_TWICE"),
        (W0 + W0.replace("d01", "again") + "quorum d01\n", "POLICY_KEY_TWICE"),
        (f"log {LOG.vkey}\nlog {LOG.vkey}\nquorum none\n", "POLICY_KEY_TWICE"),
        (f"log {KEYS[0].vkey}\nquorum none\n", "VKEY_TYPE"),
        (f"witness d01 {LOG.vkey}\nquorum d01\n", "VKEY_TYPE"),
        ("log\nquorum none\n", "POLICY_LINE"),
        (f"log {LOG.vkey} a b\nquorum none\n", "POLICY_LINE"),
        (f"witness d01 {KEYS[0].vkey} a b\nquorum d01\n", "POLICY_LINE"),
        ("witness d01 nonsense\nquorum d01\n", "VKEY"),
        ("#" * 1_000_001, "POLICY_SIZE"),
    ],
)
def test_what_the_document_rules_out_is_refused(text: str, code: str) -> None:
    assert parse_policy((W0 + W1 + "quorum d01\n").encode()).needed == 1
    assert _code(lambda: parse_policy(text.encode())) == code


def test_a_refusal_names_the_line_and_never_its_content() -> None:
    with pytest.raises(MalanError) as caught:
        parse_policy(b"# one\n\nwitness secret-name secret-key\n")
    assert caught.value.where == "line 3"
    assert "secret" not in str(caught.value)


def test_two_districts_may_not_cosign_under_one_name() -> None:
    twin = Cosigner(KEYS[0].name, _private("another key")).key
    text = W0 + f"witness d02 {twin.vkey}\nquorum d01\n"
    assert _code(lambda: parse_policy(text.encode())) == "POLICY_KEY_NAME_TWICE"


def test_a_log_cannot_be_its_own_witness() -> None:
    own = Cosigner("log-as-witness.example", _private("log")).key
    text = f"log {LOG.vkey}\nwitness own {own.vkey}\nquorum own\n"
    assert _code(lambda: parse_policy(text.encode())) == "POLICY_KEY_TWICE"


def test_names_are_opaque_octets() -> None:
    raw = b"witness \xff\xfe " + KEYS[0].vkey.encode() + b"\nquorum \xff\xfe\n"
    assert render_policy(parse_policy(raw)) == raw
    kelvin = W0.replace("d01", "K") + W1.replace("d02", "\u212a") + "quorum K\n"
    assert satisfied(parse_policy(kelvin.encode()), _cosigners([0]))
    assert not satisfied(parse_policy(kelvin.encode()), _cosigners([1]))


def test_a_policy_made_by_hand_is_checked_like_a_file() -> None:
    witness = Witness("d01", KEYS[0])
    for name in ("", "a b", "a\nquorum none", "a\tb"):
        assert _code(lambda name=name: Policy((), (Witness(name, KEYS[0]),), (), "none")) == "POLICY_WORD"
    assert _code(lambda: Policy((Log(LOG, "a b"),), (), (), "none")) == "POLICY_WORD"
    assert _code(lambda: Policy((), (witness,), (Group("g", 2, ("d01",)),), "g")) == "POLICY_THRESHOLD"
    assert _code(lambda: Policy((), (witness,), (), "g")) == "POLICY_UNDEFINED"


def _brute_force_needed(policy: Policy) -> int:
    everyone = [witness.key.name for witness in policy.witnesses]
    for count in range(len(everyone) + 1):
        if any(satisfied(policy, set(chosen)) for chosen in combinations(everyone, count)):
            return count
    raise AssertionError("even all witnesses do not satisfy the quorum")


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Witnesses, then groups of names nobody has used yet."""
    count = draw(st.integers(1, 7))
    witnesses = tuple(
        Witness(NAMES[n], KEYS[n], draw(st.sampled_from([None, "https://w.example/"]))) for n in range(count)
    )
    free = [witness.name for witness in witnesses]
    groups = []
    for number in range(draw(st.integers(0, 3))):
        members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        groups.append(Group(f"g{number}", draw(st.integers(1, len(members))), tuple(members)))
        free = [name for name in free if name not in members] + [f"g{number}"]
    return Policy((Log(LOG),), witnesses, tuple(groups), draw(st.sampled_from([*free, "none"])))


@settings(max_examples=60, deadline=None)
@given(policies())
def test_policies_come_back_from_their_rendering_and_needed_is_the_least(policy: Policy) -> None:
    assert parse_policy(render_policy(policy)) == policy
    assert policy.needed == _brute_force_needed(policy)
