"""What a disk may hold after the power went, built from the calls of a program and what it synced. Pure.

Two models. *posix*: a name in a folder is durable when the folder is synced, content when the file is.
*ext4*: names are journalled in order, and syncing any file commits those before it. Of what was not synced
any part may have arrived: none, all, or any sectors of 512 bytes in any order.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.strace import Call

MODELS = ("posix", "ext4")
_SECTOR = 512


@dataclass
class _File:
    durable: bytearray
    pending: list[Call] = field(default_factory=list)


class Disk:
    """The files of one folder, by path; `contents` are durable at the beginning."""

    def __init__(self, contents: Mapping[str, bytes], model: str) -> None:
        self._model = model
        self._files = {path: _File(bytearray(data)) for path, data in contents.items()}
        self._names = set(contents)
        self._pending_names: list[Call] = []

    def do(self, call: Call) -> None:
        """One call of the program."""
        if call.name in ("create", "unlink"):
            if (call.name == "create") != self._seen(call.path):
                self._pending_names.append(call)
            if call.name == "unlink":
                self._files.pop(call.path, None)
            else:
                self._files.setdefault(call.path, _File(bytearray()))
        elif call.name in ("write", "truncate"):
            self._files[call.path].pending.append(call)
        elif call.name == "sync":
            file = self._files.get(call.path)
            if file is not None:
                _apply(file.durable, file.pending)
                file.pending.clear()
            if file is None or self._model == "ext4":
                self._name(len(self._pending_names))

    def after_the_cut(self, chance: random.Random, variant: str) -> dict[str, bytes]:
        """What is found when the power is back; `variant`: "none", "all" or "some" of what was not synced."""
        pending = self._pending_names
        kept = {"none": 0, "all": len(pending)}.get(variant, chance.randint(0, len(pending)))
        names = set(self._names)
        for call in pending[:kept]:
            (names.add if call.name == "create" else names.discard)(call.path)
        found = {}
        for path in names & self._files.keys():
            data = bytearray(self._files[path].durable)
            for call in self._files[path].pending:
                _apply(data, _parts(call, chance) if variant == "some" else [call] * (variant == "all"))
            found[path] = bytes(data)
        return found

    def _seen(self, path: str) -> bool:
        """Whether the running program sees this name."""
        names = set(self._names)
        for call in self._pending_names:
            (names.add if call.name == "create" else names.discard)(call.path)
        return path in names

    def _name(self, count: int) -> None:
        for call in self._pending_names[:count]:
            (self._names.add if call.name == "create" else self._names.discard)(call.path)
        del self._pending_names[:count]


def _apply(data: bytearray, calls: Sequence[Call]) -> None:
    for call in calls:
        if call.name == "truncate":
            data[:] = data[: call.offset].ljust(call.offset, b"\0")
        else:
            if len(data) < call.offset:
                data.extend(bytes(call.offset - len(data)))
            data[call.offset : call.offset + len(call.data)] = call.data


def _parts(call: Call, chance: random.Random) -> list[Call]:
    """The sectors of a write that arrived."""
    if call.name == "truncate":
        return [call] * chance.randint(0, 1)
    parts, start = [], 0
    while start < len(call.data):
        end = start + _SECTOR - (call.offset + start) % _SECTOR
        if chance.random() < 0.5:
            parts.append(Call("write", call.path, call.data[start:end], call.offset + start))
        start = end
    return parts


def contents_of(paths: Sequence[Path]) -> dict[str, bytes]:
    """The files there are."""
    return {str(path): path.read_bytes() for path in paths if path.is_file()}
