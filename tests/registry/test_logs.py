"""Log lines: what each holds, the first and the last, and that no fault anywhere carries a value into one."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from structlog.testing import capture_logs

from registry.serving.told import say_started
from tests.registry.stage import Stage

NAME, NUMBER = "沈明", "310104198802290004"

FAULTS = {
    "nobody caught it": "raise ValueError(f'{name} {number}')",
    "in a thread": """
        def run(holder):
            raise KeyError(holder)
        thread = threading.Thread(target=run, args=(name + number,))
        thread.start()
        thread.join()
    """,
    "while collecting": """
        class Holder:
            def __del__(self):
                raise RuntimeError(name + number)
        Holder()
    """,
    "another's logger": """
        try:
            int(name + number)
        except ValueError:
            logging.getLogger("uvicorn.error").exception("trouble with %s", name)
    """,
    "a warning": "warnings.warn(name + number)",
    "the loop": """
        async def main():
            async def fail():
                raise OSError(name, number)
            asyncio.get_running_loop().create_task(fail())
            await asyncio.sleep(0.05)
        asyncio.run(main())
        import gc
        gc.collect()
    """,
}
PREFIX = f"""
import asyncio, logging, sys, threading, warnings
{{configure}}
name, number = {NAME!r}, {NUMBER!r}
"""
CONFIGURE = "from registry import logs\nlogs.configure()"


def said(fault: str, configure: str = CONFIGURE) -> str:
    source = PREFIX.format(configure=configure) + textwrap.dedent(fault)
    # From stdin: a traceback could not even quote the lines of the file.
    done = subprocess.run([sys.executable, "-"], input=source, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_fault_carries_a_value_into_the_log(fault: str) -> None:
    text = said(fault)
    assert NAME not in text and NUMBER not in text
    assert NAME.encode("unicode_escape").decode() not in text
    for line in text.splitlines():
        assert {"event", "level", "timestamp"} <= json.loads(line).keys()


@pytest.mark.parametrize("fault", [one for key, one in FAULTS.items() if key != "the loop"])
def test_without_our_logging_the_same_faults_do(fault: str) -> None:
    """Negative control: what Python does by itself."""
    text = said(fault, configure="")
    assert NAME in text or NUMBER in text


def test_a_level_leaves_lesser_lines_out() -> None:
    source = "import structlog\nlog = structlog.get_logger()\nlog.info('little')\nlog.error('much')"
    assert "little" in said(source)
    quiet = said(source, configure="from registry import logs\nlogs.configure('warning')")
    assert "much" in quiet and "little" not in quiet


def test_a_line_of_a_request_has_these_parts_and_no_others(stage: Stage) -> None:
    with capture_logs() as lines:
        answer = stage.client.get(f"/api/certificates/1234567890123456?name={NAME}")
    (line,) = [one for one in lines if one["event"] == "request"]
    assert line.keys() == {"event", "log_level", "request", "method", "route", "status", "ms"}
    assert line["request"] == answer.headers["x-request-id"]


def test_the_first_line_names_versions_and_settings_and_no_secret(stage: Stage) -> None:
    change = {"database": "postgresql+psycopg://malan@db/malan", "publish_interval_ms": 500}
    settings = stage.service.settings.model_copy(update=change)
    with capture_logs() as lines:
        say_started(settings, address="http://127.0.0.1:1", origin="log.example/a", processes=2)
    (line,) = lines
    told: dict[str, Any] = dict(line)
    assert told["database"] == "postgresql+psycopg"
    assert told["settings"]["publish_interval_ms"] == 500
    assert "malan@db" not in json.dumps(told)
    assert {"version", "python", "origin", "address", "processes"} <= told.keys()
