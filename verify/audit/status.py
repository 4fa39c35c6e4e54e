"""The bundle that verifiers or desks rely on, against the log: nothing left out or invented, to the bit.

Pure. The service makes a bundle alone and could keep a revocation out of it; whoever holds only the bundle
would never know. The auditor compares its acts, one by one, with those of the log that belong in it,
recomputes every status list from its own replay at the size of the bundle, and compares its checkpoint with
the tree.

Source: design decision 15; decision record 0007 (the bundle replays).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Final

from issuers.acts.words import ServicePurpose
from issuers.authority.party_facts import WitnessSetFact
from issuers.authority.view import MemoryView
from issuers.bundle import Bundle, BundledList, open_bundle, service_key
from issuers.bundled_acts import BundledAct
from issuers.carried import ACTS, TRUST, Form
from issuers.status import LISTED, Listed, StatusList, compute_bits, open_status_list
from issuers.witnesses import terms_of
from ledger.checkpoint import parse_checkpoint
from ledger.errors import MalanError, Malformed
from ledger.keys import PublicKey, public_key
from ledger.leaf import Leaf
from ledger.note import NoteKey, parse_note
from ledger.policy import Policy, parse_policy
from ledger.succession import policy_at
from verify.audit.findings import Findings
from verify.audit.kept import Record, torn
from verify.audit.replay import Heard
from verify.audit.signatures import check_signatures, log_keys

_NO_BUNDLE: Final = frozenset({"COSE_TAG", "BUNDLE_KIND"})
_PLACES_A_BYTE: Final = 4


class StatusCheck:
    """Takes leaf after leaf; `close` compares lists, key and checkpoint. Idle without a readable bundle."""

    def __init__(self, raw: bytes, form: Form = TRUST) -> None:
        self.form, self.name = form, form.file.removesuffix(".cbor")
        self.findings = Findings()
        self.bundle: Bundle | None = None
        self.policy: Policy | None = None
        self._judging: Policy | None = None  # of the bundle's own checkpoint
        self._status_key: PublicKey | None = None
        self._bits: dict[int, bytes] | None = None
        self._acts: dict[int, BundledAct] = {}
        self._own = MemoryView()  # what the bundle itself says
        self._unsure: list[int] = []
        self._open(raw)

    @property
    def genesis(self) -> bytes | None:
        """The pin."""
        return self.bundle.genesis if self.bundle is not None else None

    @property
    def size(self) -> int:
        """Where the bundle stands in the log; 0 without one."""
        return self.bundle.size if self.bundle is not None else 0

    def _open(self, raw: bytes) -> None:
        try:
            bundle, view = open_bundle(raw, self.form)
            key = service_key(view, ServicePurpose.STATUS)
            self._status_key = public_key(key.alg, key.spki)
            self.policy = parse_policy(bundle.policy.encode())
        except MalanError as error:
            if isinstance(error, Malformed) and error.code in _NO_BUNDLE:
                self.findings.could_not_check("TRUST_UNREADABLE", self.name)
            else:
                self.findings.refused(error, self.name)
            return
        self._judging = self._appointed(bundle, view) or self.policy
        self.bundle, self._own = bundle, view
        self._acts = {item.seq: item for item in bundle.acts}

    def take(
        self, seq: int, leaf: Leaf | None, heard: Heard | None, view: MemoryView, *, gap: bool = False
    ) -> None:
        """Compares what the bundle holds at this place with what the log does; `view`: the facts after it.

        After a gap the log does not say whose people some acts are about. So none is called invented, and one
        is missing where the bundle itself says whose they are: it would have to carry the act.
        """
        if seq >= self.size or leaf is None:
            return  # what the log does not show here stays to be named by `close`
        act = self._acts.pop(seq, None)
        kind = heard.statement.kind if heard is not None else ""
        where = f"{self.name}, seq {seq}"
        views = (view, self._own) if gap else (view,)
        carried = heard is not None and any(self.form.carries(one, heard.statement) for one in views)
        if act is None and carried:
            self.findings.departure("TRUST_ACT_MISSING", f"{where}, {kind}")
        elif act is None and heard is not None and gap and kind in self.form.kinds:
            if not any(ACTS.carries(one, heard.statement) for one in views):
                self._unsure.append(seq)
        elif act is not None and not carried and not (gap and kind in self.form.kinds):
            self.findings.departure("TRUST_ACT_INVENTED", where)
        elif act is not None and (act.statement, act.time_ms) != (leaf.statement, leaf.time_ms):
            self.findings.departure("TRUST_ACT_DIFFERS", f"{where}, {kind}")

    def recall(self, records: Iterable[Record], *, size: int) -> None:
        """As `take` for the first `size` entries, audited before. Raises Malformed KEPT_TORN."""
        for record in records:
            match record:
                case ["act", int(seq), str(kind), int(time_ms), bytes(digest), bool(in_trust)]:
                    if not in_trust and self.form is TRUST:
                        continue
                    act, where = self._acts.pop(seq, None), f"{self.name}, seq {seq}, {kind}"
                    if act is None:
                        self.findings.departure("TRUST_ACT_MISSING", where)
                    elif (sha256(act.statement).digest(), act.time_ms) != (digest, time_ms):
                        self.findings.departure("TRUST_ACT_DIFFERS", where)
                case _:
                    raise torn()
        for seq in [one for one in self._acts if one < size]:
            del self._acts[seq]
            self.findings.departure("TRUST_ACT_INVENTED", f"{self.name}, seq {seq}")

    def snapshot(self, view: MemoryView, *, gap: bool) -> None:
        """The lists as they stand once exactly `size` entries were replayed; not with a gap before."""
        if self.bundle is None or self.form is not TRUST or gap:
            return
        facts: list[Listed] = [fact for kind in LISTED for fact in view.all(kind)]
        numbers = {item.number for item in self.bundle.lists} | {fact.status_list for fact in facts}
        self._bits = {number: compute_bits(facts, number) for number in numbers}

    def close(self, size: int, roots: Mapping[int, bytes], *, keys: tuple[NoteKey, ...]) -> None:
        """`size` and `roots` of the audited log; `keys` are all its checkpoint keys, revoked ones too."""
        if self.bundle is None:
            return
        if self.bundle.size > size:
            self.findings.departure("TRUST_AHEAD", self.name, n=self.bundle.size)
        for seq in sorted(self._acts):
            if seq < size:
                self.findings.could_not_check("TRUST_ACT_UNSEEN", f"{self.name}, seq {seq}")
        if self._unsure:
            first = f"{self.name}, seq {self._unsure[0]}"
            self.findings.could_not_check("TRUST_ACT_UNDECIDED", first, n=len(self._unsure))
        if self.form is TRUST:
            self._check_lists(self.bundle)
        self._check_checkpoint(self.bundle, roots, keys)

    def _appointed(self, bundle: Bundle, view: MemoryView) -> Policy | None:
        """The policy that judges the bundle's checkpoint; None where its text is not what acts appoint."""
        keys = log_keys(view, bundle.origin, revoked=True)
        sets = view.all(WitnessSetFact)
        try:
            terms = terms_of(sets, bundle.handovers or (), log_keys=keys, at=bundle.made_at)
        except MalanError as error:
            self.findings.refused(error, f"{self.name}, handovers")
            return None
        if self.policy is None or replace(self.policy, logs=()) != terms[-1].policy:
            self.findings.departure("POLICY_NOT_APPOINTED", f"{self.name}, policy")
            return None
        return policy_at(terms, bundle.size)

    def _check_lists(self, bundle: Bundle) -> None:
        if self._bits is None:
            self.findings.could_not_check("STATUS_NOT_COMPARED", self.name)
        left = dict(self._bits or {})
        seen: set[int] = set()
        for item in bundle.lists:
            where = f"{self.name}, status list {item.number}"
            if item.number in seen:
                self.findings.departure("STATUS_LIST_TWICE", where)
            seen.add(item.number)
            opened = self._open_list(item, where)
            if opened is not None:
                self._check_list(opened, item, bundle, where)
            left.pop(item.number, None)
        for number in sorted(left):
            self.findings.departure("STATUS_LIST_MISSING", f"{self.name}, status list {number}")

    def _open_list(self, item: BundledList, where: str) -> StatusList | None:
        assert self._status_key is not None
        try:
            return open_status_list(item.token, self._status_key)
        except MalanError as error:
            self.findings.refused(error, where)
            return None

    def _check_list(self, opened: StatusList, item: BundledList, bundle: Bundle, where: str) -> None:
        if opened.number != item.number:
            self.findings.departure("STATUS_LIST_NUMBER", where)
        if opened.size != bundle.size:
            self.findings.departure("STATUS_LIST_SIZE", where)
        right = (self._bits or {}).get(item.number)
        if right is not None and right != opened.bits:
            places = differing_places(right, opened.bits)
            first = f"{where}, place {places[0]}"
            self.findings.departure("STATUS_LIST_DIFFERS", first, n=len(places))

    def _check_checkpoint(
        self, bundle: Bundle, roots: Mapping[int, bytes], keys: tuple[NoteKey, ...]
    ) -> None:
        if keys and bundle.log_vkey not in {key.vkey for key in keys}:
            self.findings.departure("TRUST_KEY_OTHER", self.name)
        where = f"{self.name}, checkpoint"
        try:
            note = parse_note(bundle.checkpoint)
            inside = parse_checkpoint(note.text)
        except MalanError as error:
            self.findings.refused(error, where)
            return
        if (inside.origin, inside.size) != (bundle.origin, bundle.size):
            self.findings.departure("TRUST_CHECKPOINT_OTHER", where)
        if inside.size in roots and roots[inside.size] != inside.root:
            self.findings.departure("TRUST_FORK", f"{where}, size {inside.size}")
        if keys:
            check_signatures(note, keys, self._judging, self.findings, where=where)


def differing_places(one: bytes, other: bytes) -> list[int]:
    """The places of a status list (two bits each) whose values differ; both have the same length."""
    places = []
    for at in (i for i in range(len(one)) if one[i] != other[i]):
        apart = one[at] ^ other[at]
        places += [at * _PLACES_A_BYTE + i for i in range(_PLACES_A_BYTE) if apart >> 2 * i & 3]
    return places
