"""The documents against the program: every command they show runs, and what they show is what it prints."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A person sees when the service is there; a busy machine may take longer than the pause a person is told.
WAITS = {
    "sleep 4": "for _ in $(seq 120); do (exec 3<>/dev/tcp/127.0.0.1/PORT) 2>&- && break; sleep 0.5; done",
    "sleep 3": "for _ in $(seq 60); do malan-verify check certificates/$first/qr.txt "
    "--server http://127.0.0.1:PORT >/dev/null 2>&1 || break; sleep 0.2; done",
}
# `make test` would run this test; `make demo` is run here as the program it calls.
SPECIAL = {"make test": ":", "make demo": "malan demo --trainees 30"}


def blocks(readme: str) -> list[tuple[str, str]]:
    """(language, text) of every fenced block."""
    return BLOCK.findall((ROOT / readme).read_text())


def script(readme: str, port: int) -> str:
    """All `sh` blocks as one script that fails where an exit code is not the one beside its command."""
    lines = [
        "set -uo pipefail",
        "trap 'kill $(jobs -p) 2>/dev/null' EXIT",
        'expect() { [ $1 -eq $2 ] || { echo "exit $1, expected $2: $3" >&2; exit 99; }; }',
    ]
    for language, text in blocks(readme):
        if language != "sh":
            continue
        for line in re.sub(r"\\\n\s*", "", text).splitlines():
            command, _, code = line.partition("    # exit ")
            if command.startswith("export PATH"):
                continue  # the test's own environment stands in for .venv
            command = SPECIAL.get(command, command).replace("127.0.0.1:8000", f"127.0.0.1:{port}")
            command = command.replace("malan serve", f"malan serve --port {port}")
            command = WAITS.get(command, command).replace("PORT", str(port))
            command = command.replace("malan demo", f"malan demo --public-url http://127.0.0.1:{port}")
            lines.append(command)
            if not command.endswith("&"):
                lines.append(f"expect $? {code or 0} {command.split()[0]!r}")
    return "\n".join(lines)


def same_commands() -> list[tuple[str, ...]]:
    """The documents by what they have a person type: languages of one text are one run."""
    found: dict[str, tuple[str, ...]] = {}
    for readme in READMES:
        text = script(readme, 0)
        found[text] = (*found.get(text, ()), readme)
    return list(found.values())


@pytest.mark.parametrize("readmes", same_commands(), ids=" ".join)
def test_every_command_of_the_readme_runs_and_prints_what_it_shows(
    readmes: tuple[str, ...], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        ["bash", "-c", script(readmes[0], port)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for readme in readmes:
        shown = [
            line for language, text in blocks(readme) if language == "text" for line in text.splitlines()
        ]
        assert shown
        for line in shown:
            # Counts of a class are random only in its people; sizes and states are the same every time.
            assert line in done.stdout, f"{readme} shows what the program does not print: {line}"


def test_the_harness_sees_a_wrong_exit_code(tmp_path: Path) -> None:
    """Negative control: a command that fails where the README promises success is noticed."""
    text = script("README.md", 1).replace("malan demo", "false #")
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", text], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 99


@pytest.mark.parametrize("readme", READMES)
def test_links_lead_somewhere(readme: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / readme).read_text()):
        assert (ROOT / target).exists(), f"{readme} links to {target}"


def test_every_make_target_of_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in (*READMES, "registry/docs/developing.md"):
        for target in re.findall(r"`make ([a-z]+)`", (ROOT / document).read_text()):
            assert target in targets, f"{document} names make {target}"


@pytest.mark.parametrize("program", ["malan", "malan-sign", "malan-verify"])
def test_the_programs_answer_help(program: str) -> None:
    found = shutil.which(program, path=str(Path(sys.executable).parent))
    assert found is not None
    assert subprocess.run([found, "--help"], capture_output=True, check=False).returncode == 0
