"""C2SP tlog-policy: which logs and witnesses are known, and which witnesses are enough.

Promises: the grammar of the document and nothing wider; a name is defined before it is used and counts once.
May not know: checkpoints and signatures (`checkpoint` verifies them, then asks here), files, clocks.

Source: c2sp.org/tlog-policy. Stricter here: two witnesses may not share a key name, since cosignatures are
counted by it, and a log's key may not be a witness's key, since a log must not vouch for itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ledger.checkpoint import CosignerKey, parse_cosigner_vkey, parse_decimal
from ledger.errors import MalanError, Malformed
from ledger.note import NoteKey, parse_vkey

MAX_POLICY_BYTES = 1_000_000
NONE = "none"


@dataclass(frozen=True, slots=True)
class Log:
    """A log whose checkpoints are accepted; the key's name is its origin."""

    key: NoteKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: `name` in this policy only, and the key under whose name it cosigns."""

    name: str
    key: CosignerKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Witnessed as soon as `threshold` of its members (witnesses or earlier groups) are."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy. `quorum` names a witness or a group, or is "none". Raises Malformed POLICY_*."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    def __post_init__(self) -> None:
        _check_keys(self)
        _check_names(self)

    @property
    def log_keys(self) -> tuple[NoteKey, ...]:
        return tuple(log.key for log in self.logs)

    @property
    def cosigner_keys(self) -> tuple[CosignerKey, ...]:
        return tuple(witness.key for witness in self.witnesses)

    @property
    def witness_count(self) -> int:
        """How many witnesses the policy names."""
        return len(self.witnesses)

    @property
    def needed(self) -> int:
        """The fewest witnesses that can satisfy the quorum; 0 for `quorum none`."""
        fewest = {NONE: 0} | {witness.name: 1 for witness in self.witnesses}
        for group in self.groups:
            fewest[group.name] = sum(sorted(fewest[name] for name in group.members)[: group.threshold])
        return fewest[self.quorum]


def k_of(witnesses: Sequence[Witness], k: int, *, name: str) -> Policy:
    """The policy, without a log, that any `k` of these witnesses satisfy; `name` is their group's."""
    group = Group(name, k, tuple(one.name for one in witnesses))
    return Policy((), tuple(witnesses), (group,), name)


def satisfied(policy: Policy, cosigner_names: Collection[str]) -> bool:
    """Whether the quorum is met by cosigners with these key names (as `open_checkpoint` gives them).

    A name outside the policy counts for nothing. `quorum none` asks for no witness: the log's own signature,
    which `open_checkpoint` has demanded already, is then enough.
    """
    signed = frozenset(cosigner_names)
    met = {NONE} | {witness.name for witness in policy.witnesses if witness.key.name in signed}
    for group in policy.groups:
        if len(met.intersection(group.members)) >= group.threshold:
            met.add(group.name)
    return policy.quorum in met


def _check_keys(policy: Policy) -> None:
    logs = [log.key.public_key for log in policy.logs]
    witnesses = [witness.key.public_key for witness in policy.witnesses]
    if len(set(logs + witnesses)) != len(logs + witnesses):
        raise Malformed("POLICY_KEY_TWICE", "A public key stands on two lines.")
    if len({key.name for key in policy.cosigner_keys}) != len(witnesses):
        raise Malformed("POLICY_KEY_NAME_TWICE", "Two witnesses cosign under the same key name.")
    for url in [log.url for log in policy.logs] + [witness.url for witness in policy.witnesses]:
        if url is not None:
            _check_word(url)


def _check_names(policy: Policy) -> None:
    defined = {NONE}
    used: set[str] = set()
    for witness in policy.witnesses:
        _define(witness.name, defined)
    for group in policy.groups:
        if not 1 <= group.threshold <= len(group.members):
            raise Malformed(
                "POLICY_THRESHOLD", "A group's threshold lies between 1 and its number of members."
            )
        for name in group.members:
            if name == NONE or name not in defined:
                raise Malformed("POLICY_UNDEFINED", "A group's member is not defined on an earlier line.")
            if name in used:
                raise Malformed("POLICY_MEMBER_TWICE", "A name is a member of two groups, or twice of one.")
            used.add(name)
        _define(group.name, defined)
    if policy.quorum not in defined:
        raise Malformed("POLICY_UNDEFINED", "The quorum is not defined on an earlier line.")


def _define(name: str, defined: set[str]) -> None:
    _check_word(name)
    if name in defined:
        raise Malformed("POLICY_NAME_TWICE", "A name is defined twice, or is the reserved name none.")
    defined.add(name)


def _check_word(word: str) -> None:
    if not re.fullmatch("[^\x00-\x20\x7f]+", word):
        raise Malformed(
            "POLICY_WORD", "A name or address has a space, a tab or a control character, or is empty."
        )


def render_policy(policy: Policy) -> bytes:
    """The policy, one definition a line, thresholds as numbers; `parse_policy` gives the same policy back."""
    lines = [_words("log", log.key.vkey, log.url) for log in policy.logs]
    lines += [_words("witness", one.name, one.key.vkey, one.url) for one in policy.witnesses]
    lines += [_words("group", one.name, str(one.threshold), *one.members) for one in policy.groups]
    lines.append(_words("quorum", policy.quorum))
    return "".join(lines).encode("utf-8", "surrogateescape")


def _words(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None) + "\n"


def parse_policy(data: bytes) -> Policy:
    """Read a policy file: comments and blank lines are allowed, words are parted by spaces and tabs only.

    Raises Malformed POLICY_* (the line is named, never its content) or what the vkey's parse raises.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise Malformed("POLICY_SIZE", f"A policy has at most {MAX_POLICY_BYTES} bytes.")
    if not data.endswith(b"\n") or re.search(b"[\x00-\x08\x0b-\x1f\x7f]", data):
        raise Malformed("POLICY_TEXT", "A policy is lines, each with a newline, without control characters.")
    # Names are opaque octets (tlog-policy, "Character set"): bytes that are no UTF-8 pass through unchanged.
    reader = _Reader()
    for number, line in enumerate(data[:-1].decode("utf-8", "surrogateescape").split("\n"), start=1):
        words = [word for word in re.split("[ \t]+", line) if word]
        if words and not words[0].startswith("#"):
            try:
                reader.take(words)
            except MalanError as error:
                raise type(error)(error.code, error.what, where=f"line {number}", fix=error.fix) from None
    if reader.quorum is None:
        raise Malformed("POLICY_QUORUM", "A policy has exactly one quorum line.")
    return Policy(tuple(reader.logs), tuple(reader.witnesses), tuple(reader.groups), reader.quorum)


class _Reader:
    """Collects the lines in order. `Policy` checks the whole; here only that names stand before their use."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self.defined: set[str] = set()

    def take(self, words: list[str]) -> None:
        kind, *rest = words
        if kind == "log" and len(rest) in (1, 2):
            self.logs.append(Log(parse_vkey(rest[0]), *rest[1:]))
        elif kind == "witness" and len(rest) in (2, 3):
            self.witnesses.append(Witness(rest[0], parse_cosigner_vkey(rest[1]), *rest[2:]))
            self.defined.add(rest[0])
        elif kind == "group" and len(rest) >= 3:
            self._require_defined(rest[2:])
            self.groups.append(Group(rest[0], _threshold(rest[1], len(rest) - 2), tuple(rest[2:])))
            self.defined.add(rest[0])
        elif kind == "quorum" and len(rest) == 1:
            if self.quorum is not None:
                raise Malformed("POLICY_QUORUM", "A policy has exactly one quorum line.")
            self._require_defined([name for name in rest if name != NONE])
            self.quorum = rest[0]
        else:
            raise Malformed("POLICY_LINE", "Not a log, witness, group or quorum line with the right words.")

    def _require_defined(self, names: list[str]) -> None:
        if not self.defined.issuperset(names):
            raise Malformed("POLICY_UNDEFINED", "A name is used that no earlier line defines.")


def _threshold(word: str, members: int) -> int:
    if word == "any":
        return 1
    return members if word == "all" else parse_decimal(word, where="group threshold")
