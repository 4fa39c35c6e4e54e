"""Cases of bundles and parts that must not be believed, and what of them may be believed all the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from issuers.acts.erasures import EntryPlace, ErasureOrder, ErasureReason
from issuers.acts.parties import KeyRevoked, PartyAdmitted
from issuers.acts.words import RevocationCause, Role
from issuers.bundle import Bundle, open_bundle, sign_bundle, unpack
from issuers.bundled_acts import BundledAct
from issuers.carried import ACTS, TRUST
from ledger import cbor
from ledger.cose import parse_sign1, sign1
from ledger.note import parse_note
from ledger.statement import parse_statement
from tests.vectors.case_form import Case, Evidences, context, judged, stopped, text_of
from tests.vectors.case_positive import clock
from tests.vectors.make_bytes import cbor as naive

CODES = ("007", "008")
"""Of the two bodies of the world `two`."""


def cases(evidence: Evidences) -> Iterator[Case]:
    yield from bundles(evidence)
    yield from said_wrongly(evidence)
    yield from files(evidence)
    yield from parts(evidence)
    yield from pinned(evidence)


def refused(evidence: Evidences, name: str, title: str, data: bytes, stage: str = "trust") -> Case:
    """A bundle of this name that is not opened, or whose part is not."""
    assert data not in evidence.bundles.values(), name
    evidence.bundles[name] = data
    cose = evidence.scene.certificates["valid"].credential
    shown = {"cose": cose} if stage == "part" else {}  # told where it is read before the bundle fails
    return stopped(name, title, context(clock(evidence), name), stage, text=text_of(cose), **shown)


def bundles(evidence: Evidences) -> Iterator[Case]:
    """Signatures and values that do not fit each other, or what was seen before."""
    world, raw = evidence.scene.early, evidence.bundles["early"]
    bundle, _ = open_bundle(raw)
    status = world.service["status"]
    signed, own = unpack(raw)
    acts = tuple(one for one in bundle.acts if b"party-admitted" not in one.statement)
    note = parse_note(bundle.checkpoint)
    unsigned = replace(bundle, checkpoint=replace(note, signatures=note.signatures[1:]).render())
    one_of = bundle.policy.replace("districts 2", "districts 1")
    lists = open_bundle(evidence.bundles["base"])[0].lists
    later = replace(bundle, checkpoint=open_bundle(evidence.bundles["base"])[0].checkpoint)
    flipped = signed[:-1] + bytes([signed[-1] ^ 1])
    made = {
        "B04": ("one bit of its signature", naive([flipped, *own])),
        "B05": ("signed by another key", sign_bundle(bundle, world.new_key("status"))),
        "B06": ("the admissions of the parties left out", sign_bundle(replace(bundle, acts=acts), status)),
        "B07": ("a quorum of one", sign_bundle(replace(bundle, policy=one_of), status)),
        "B08": ("the log did not sign its checkpoint", sign_bundle(unsigned, status)),
        "B09": ("its lists are of another size", sign_bundle(replace(bundle, lists=lists), status)),
        "B16": ("the signers' bundle", world.bundle(ACTS)),
        "B33": ("its checkpoint is of another size", sign_bundle(later, status)),
    }  # fmt: skip
    for name, (title, data) in made.items():
        yield refused(evidence, name, title, data)


def said_wrongly(evidence: Evidences) -> Iterator[Case]:
    """By the right key, but the acts do not lead to what they claim (section 2)."""
    world = evidence.scene.early
    bundle, _ = open_bundle(evidence.bundles["early"])
    kinds = [parse_statement(one.statement).kind for one in bundle.acts]
    common = [place for place, one in enumerate(bundle.acts) if one.body is None]
    own = [place for place, one in enumerate(bundle.acts) if one.body is not None]

    def with_act(place: int, **changed: Any) -> Bundle:
        acts = [*bundle.acts]
        acts[place] = replace(acts[place], **changed)
        return replace(bundle, acts=tuple(acts))

    def restated(place: int, who: str, body: dict[str, Any] | None = None) -> Bundle:
        """The act at a place as somebody else would have said it."""
        told, at = parse_statement(bundle.acts[place].statement), bundle.acts[place].time_ms
        said = told.body if body is None else body
        return with_act(place, statement=world.sign(told.kind, who, told.subject, said, at=at))

    def last(kind: str, places: list[int]) -> int:
        return max(place for place in places if kinds[place] == kind)

    appointed = kinds.index("officer-appointed")
    duties = dict(parse_statement(bundle.acts[appointed].statement).body) | {"duties": ["admin"]}
    yes, own_yes, before = last("approve", common), last("approve", own), bundle.acts[common[-2]]
    lost = world.copy()
    kid = world.service["status"].public.kid.hex()
    lost.say_two("key-revoked", f"key/{kid}", KeyRevoked(RevocationCause.LOST))
    issued = world.said[evidence.scene.certificates["valid"].seq].raw
    unknown = world.sign("constructor", "root-1", "log", {}, at=bundle.acts[yes].time_ms)
    turned = with_act(common[-1], time_ms=before.time_ms - 1)
    prior = bundle.acts[own[0] - 1]
    told = {
        "B10": ("the officer who said it approved it as well", restated(yes, "root-1")),
        "B11": ("an admin made an admin", restated(appointed, "city-admin", duties)),
        "B12": ("the times of its acts go back", turned),
        "B14": ("an act of a kind that bundles do not carry", with_act(common[-1], statement=issued)),
        "B15": ("an order to erase, which only the signers' bundle carries", erasing(evidence)),
        "B17": ("a kind that objects of JavaScript have by birth", with_act(yes, statement=unknown)),
        "B18": ("an act of a body among those of all", with_act(own[-1], body=None)),
    }
    of_part = {
        "A01": ("an act of the part approved by the officer who said it", restated(own_yes, "root-1")),
        "A02": ("an act of all in the part", with_act(common[-1], body=CODES[0])),
        "A03": ("the times go back where the parts meet", with_act(own[0], time_ms=prior.time_ms - 1)),
        "A04": ("an act of another kind in the part", with_act(own[-1], statement=issued)),
        "A17": ("an act of the part has the place of one of all", with_act(own[0], seq=prior.seq)),
        "A05": ("the admission of the body left out", without_admission(bundle)),
        "A18": ("a second body was admitted under its code", with_its_double(evidence)),
    }
    for stage, cases_of in (("trust", told), ("part", of_part)):
        for name, (title, made) in cases_of.items():
            yield refused(evidence, name, title, sign_bundle(made, world.service["status"]), stage)
    yield refused(evidence, "B13", "the status key that signed it was lost", lost.bundle())


def without_admission(bundle: Bundle) -> Bundle:
    """The body does all that it does, and nobody admitted it."""
    admitted = next(one for one in bundle.acts if one.body and b"party-admitted" in one.statement)
    return replace(bundle, acts=tuple(one for one in bundle.acts if one is not admitted))


def with_its_double(evidence: Evidences) -> Bundle:
    """In the place of an act that bundles do not carry, two officers admit a body with the same digits."""
    world = evidence.scene.early.copy()
    place = len(world.leaves)
    world.say_two(
        "party-admitted", "party/school-x", PartyAdmitted(Role.INSTITUTION, "学校", "School", "310115")
    )
    bundle, _ = open_bundle(world.bundle())
    first, second = world.times[place:]
    double = PartyAdmitted(Role.BODY, "又一评价中心", "Another centre", "310115", code=CODES[0])
    said = world.sign("party-admitted", "root-1", "party/body-double", double, at=first)
    yes = world.sign("approve", "root-2", f"statement/{sha256(said).hexdigest()}", {}, at=second)
    told = (BundledAct(place, first, said, CODES[0]), BundledAct(place + 1, second, yes, CODES[0]))
    return replace(bundle, acts=(*bundle.acts, *told))


def erasing(evidence: Evidences) -> Bundle:
    """The bundle of a log with an order to erase, which has not been left out."""
    world = evidence.scene.early.copy()
    places = (EntryPlace(world.said[evidence.scene.certificates["valid"].seq].hash, 0),)
    size = len(world.leaves)
    world.say_two("erasure-order", f"erasure/{'e1' * 16}", ErasureOrder(ErasureReason.UNLAWFUL, places))
    bundle, _ = open_bundle(world.bundle())
    desks, _ = open_bundle(world.bundle(ACTS), ACTS)
    return replace(bundle, acts=(*bundle.acts, *(one for one in desks.acts if one.seq >= size)))


def opened(raw: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """What a bundle says, and its parts."""
    signed, found = unpack(raw)
    payload = cbor.decode(parse_sign1(signed, bytes_max=len(raw)).payload, bytes_max=len(raw))
    assert isinstance(payload, dict)
    return payload, found


def file(evidence: Evidences, payload: dict[str, Any], found: list[bytes], *codes: str) -> bytes:
    """A trust.cbor of anything, by the status key; with codes, its bodies are these, each with its part."""
    if codes:
        named = [{"code": code, "acts": sha256(one).digest()} for code, one in zip(codes, found, strict=True)]
        payload = payload | {"bodies": named}
    status = evidence.scene.early.service["status"]
    signed = sign1(status, content_type=TRUST.content_type, payload=naive(payload))
    return naive([signed, *found])


def files(evidence: Evidences) -> Iterator[Case]:
    """The parts in the file are not those of the bundle, or the bundle does not name them as it must."""
    raw = evidence.bundles["two"]
    signed, (one, other) = unpack(raw)
    payload, found = opened(raw)
    assert file(evidence, payload, found, *CODES) == file(evidence, payload, found)
    acts = payload["acts"]
    mixed = file(evidence, payload | {"acts": [*acts[:-2], acts[-1], acts[-2]]}, found)
    bare = {key: value for key, value in payload.items() if key != "bodies"}
    turned = file(evidence, payload, [other, one], "008", "007")
    rows = [
        ("B19", "the bundle alone, and no array around it", signed),
        ("B20", "a part is left out of the file", naive([signed, one])),
        ("B21", "no part in the file", naive([signed])),
        ("B22", "a part that the bundle does not name", naive([signed, one, other, other])),
        ("B23", "a part of another hash", naive([signed, one, other[:-1] + bytes([other[-1] ^ 1])])),
        ("B24", "the parts in another order", naive([signed, other, one])),
        ("B25", "bodies not in the order of their codes", turned),
        ("B26", "a code twice", file(evidence, payload, [one, one, other], "007", "007", "008")),
        ("B27", "a code of two digits", file(evidence, payload, [one, other], "007", "08")),
        ("B28", "bodies without a body", file(evidence, bare | {"bodies": []}, [])),
        ("B29", "a null behind the parts", naive([signed, one, other, None])),
        ("B30", "a byte behind the file", raw + b"\x00"),
        ("B34", "the acts of all in another order than that of seq", mixed),
    ]  # fmt: skip
    for name, title, data in rows:
        yield refused(evidence, name, title, data)


def parts(evidence: Evidences) -> Iterator[Case]:
    """Parts that the bundle names as they are, of which nothing is believed."""
    payload, (one, other) = opened(evidence.bundles["two"])
    found = cbor.decode(one, bytes_max=len(one))
    assert isinstance(found, list)
    first, second, *rest = found
    told = payload["acts"][-1]
    common, beyond = [told["seq"], told["time_ms"], told["statement"]], [payload["size"], *found[-1][1:]]
    maps = [{"seq": seq, "time_ms": time_ms, "statement": said} for seq, time_ms, said in found]
    rows: list[tuple[str, str, bytes]] = [
        ("A06", "the part is empty", naive([])),
        ("A07", "the part is no list", naive({1: found})),
        ("A08", "its acts are maps, as those of the bundle", naive(maps)),
        ("A09", "its acts in another order than that of seq", naive([second, first, *rest])),
        ("A10", "an act of it twice", naive([first, first, second, *rest])),
        ("A11", "an act of all told once more", naive(sorted([*found, common]))),
        ("A12", "an act beyond the size of the bundle", naive([*found[:-1], beyond])),
        ("A13", "a byte behind it", one + b"\x00"),
    ]  # fmt: skip
    for name, title, data in rows:
        yield refused(evidence, name, title, file(evidence, payload, [data, other], *CODES), "part")
    swapped = file(evidence, payload, [other, one], *CODES)
    yield refused(evidence, "A14", "the part of another body under its code", swapped, "part")
    # Nobody but the body itself is harmed by what stands in its part.
    evidence.bundles["A15"] = file(evidence, payload, [one, naive([])], *CODES)
    certificate, now = evidence.scene.certificates["valid"], evidence.scene.two.now // 1000 + 60
    title = "the part of another body cannot be judged"
    yield judged("A15", title, context(now, "A15"), certificate.credential)


def pinned(evidence: Evidences) -> Iterator[Case]:
    """Bundles that are sound, but not what was seen before."""
    scene = evidence.scene
    text = text_of(scene.certificates["valid"].credential)
    genesis, size = scene.base.said[0].hash.hex(), len(scene.base.leaves)
    _, (part,) = opened(evidence.bundles["early"])
    seen = {CODES[0]: sha256(part).hexdigest()}
    other, gone = {CODES[0]: "00" * 32}, seen | {CODES[1]: "00" * 32}
    rows: list[tuple[str, str, str, dict[str, Any]]] = [
        ("B01", "smaller than one seen before", "early", {"size": size}),
        ("B02", "another genesis than the pinned one", "base", {"genesis": "00" * 32}),
        ("B03", "another root at the size seen before", "base", {"size": size, "root": "00" * 32}),
        ("B31", "an act of a part is another than the one seen", "base", {"size": size, "bodies": other}),
        ("B32", "a part that was seen is gone", "base", {"size": size, "bodies": gone}),
    ]  # fmt: skip
    for name, title, bundle, pin in rows:
        told = context(clock(evidence), bundle, pin={"genesis": genesis, **pin})
        yield stopped(name, title, told, "trust", text=text)
    grown = context(
        scene.later.now // 1000,
        "later",
        pin={"genesis": genesis, "size": len(scene.early.leaves), "bodies": seen},
        proof=evidence.proof_of("cert:valid"),
    )
    assert opened(evidence.bundles["later"])[1] != [part]
    yield judged("A16", "a part that grew since it was seen", grown, scene.certificates["valid"].credential)
