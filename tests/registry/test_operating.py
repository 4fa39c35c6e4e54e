"""The operator's pages against the program: every setting, secret and alarm is there, and the examples work.

The unit is judged by systemd, the example for nginx by nginx, where they are installed; nginx is then run in
front of a real service.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from registry.alarms import CATALOGUE
from registry.secrets import PURPOSES
from registry.serving import tls
from registry.settings import Settings
from tests.registry.served import Served
from tests.registry.stage import Stage

DOCS = Path(__file__).parents[2] / "registry" / "docs"
PAGES = ("operating.md", "operating.zh-CN.md")
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
ANALYZE = shutil.which("systemd-analyze")


def block(page: str, language: str) -> str:
    """The one block of that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    text: str = found
    return text


def missing(text: str) -> list[str]:
    """What a page owes."""
    owed = [f"`MALAN_{name.upper()}`" for name in Settings.model_fields]
    owed += [f"| `{alarm.code}` |" for alarm in CATALOGUE]
    owed += [f"`MALAN_{'KEK' if one == 'kek' else f'{one.upper()}_KEY'}_FILE`" for one in PURPOSES]
    return [one for one in owed if one not in text]


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_secret_and_alarm_stands_in_the_page(page: str) -> None:
    assert missing((DOCS / page).read_text()) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_setting_stands_there_that_nobody_reads(page: str) -> None:
    known = {f"MALAN_{name.upper()}" for name in Settings.model_fields} | {"MALAN_DATABASE_OWNER"}
    assert set(re.findall(r"MALAN_[A-Z_]+", (DOCS / page).read_text())) <= known


def test_a_page_that_forgets_something_is_noticed() -> None:
    text = (DOCS / PAGES[0]).read_text()
    assert missing(text.replace("MALAN_STOP_SECONDS", "")) == ["`MALAN_STOP_SECONDS`"]
    assert missing(text.replace("| `LISTS_OLD` |", "")) == ["| `LISTS_OLD` |"]


def test_both_pages_show_the_same_examples() -> None:
    for language in ("systemd", "nginx"):
        assert block(PAGES[0], language) == block(PAGES[1], language)


def judged(unit: str, tmp_path: Path) -> str:
    """What systemd has against a unit."""
    (tmp_path / "malan.service").write_text(unit)
    done = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", str(tmp_path / "malan.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    return "\n".join(line for line in done.stderr.splitlines() if "malan.service" in line)


@pytest.mark.skipif(ANALYZE is None, reason="no systemd here")
def test_systemd_has_nothing_against_the_unit(tmp_path: Path) -> None:
    unit = block(PAGES[0], "systemd").replace("/opt/malan/.venv/bin/malan", "/bin/true")
    assert judged(unit, tmp_path) == ""
    assert "Unknown key" in judged(unit.replace("PrivateTmp=", "PrivateTemp="), tmp_path)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def configured(tmp_path: Path, *, home: Path, service: int, plain: int, secure: int) -> Path:
    """The example, on free ports of this machine, with a certificate of ours."""
    made = tls.kept_in(tmp_path, ["cert.example.cn", "127.0.0.1"])
    text = block(PAGES[0], "nginx")
    for told, ours in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl"),
        ("/etc/malan/tls/fullchain.pem", str(made.certificate)),
        ("/etc/malan/tls/key.pem", str(made.key)),
        ("/var/log/nginx/malan.error.log", str(tmp_path / "error.log")),
        ("/var/lib/malan", str(home)),
        ("127.0.0.1:8000", f"127.0.0.1:{service}"),
        ("server_name cert.example.cn", "server_name cert.example.cn 127.0.0.1"),
    ):
        assert told in text, told
        text = text.replace(told, ours)
    places = "".join(
        f"{name}_temp_path {tmp_path / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    head = f"{user}pid {tmp_path / 'pid'};\ndaemon off;\nerror_log stderr;\nevents {{ }}\n"
    (tmp_path / "nginx.conf").write_text(f"{head}http {{\naccess_log off;\n{places}{text}\n}}\n")
    return tmp_path / "nginx.conf"


def nginx_judges(conf: Path) -> subprocess.CompletedProcess[str]:
    command = [str(NGINX), "-t", "-c", str(conf), "-e", "stderr"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(NGINX is None, reason="no nginx here")
def test_nginx_serves_the_example_in_front_of_the_service(stage: Stage, tmp_path: Path) -> None:
    stage.publish()
    home = stage.service.settings.home
    proxies = {"MALAN_TRUSTED_PROXIES": '["127.0.0.1"]'}
    with Served(home, environment=proxies) as served:
        plain, secure = free_port(), free_port()
        conf = configured(tmp_path, home=home, service=served.port, plain=plain, secure=secure)
        assert nginx_judges(conf).returncode == 0, nginx_judges(conf).stderr
        with subprocess.Popen([str(NGINX), "-c", str(conf), "-e", "stderr"]) as nginx:
            try:
                time.sleep(1.0)
                trusting = ssl.create_default_context(cafile=tmp_path / "tls" / "certificate.pem")
                with httpx.Client(base_url=f"https://127.0.0.1:{secure}", verify=trusting) as client:
                    ready = client.get("/readyz", headers={"x-forwarded-for": "127.0.0.1"})
                    assert (ready.status_code, ready.json()["ready"]) == (200, True)
                    assert "strict-transport-security" in ready.headers  # the service knows that it is TLS
                    assert client.get("/metrics").status_code == 404
                    direct = httpx.get(f"{served.address}/log/checkpoint")
                    fronted = client.get("/log/checkpoint")
                    assert fronted.content == direct.content
                    for name in ("content-type", "cache-control", "access-control-allow-origin"):
                        assert fronted.headers[name] == direct.headers[name]
                    tile = client.get("/log/tile/0/000.p/" + str(stage.size()))
                    assert tile.status_code == 200
                    assert tile.headers["content-type"] == "application/octet-stream"
                    assert client.get("/log/tile/../../malan.db").status_code in (400, 404)
                    assert client.get("/log/tile/%2e%2e/%2e%2e/keys/kek.key").status_code in (400, 404)
                    assert client.get("/log/vkey").status_code == 200
                    assert client.post("/api/verify", json={"qr": "x"}).status_code == 200
                moved = httpx.get(f"http://127.0.0.1:{plain}/v/1")
                assert (moved.status_code, moved.headers["location"]) == (308, "https://127.0.0.1/v/1")
            finally:
                nginx.terminate()
        broken = conf.with_name("broken.conf")
        broken.write_text(conf.read_text().replace("proxy_pass", "proxy_past"))
        assert nginx_judges(broken).returncode != 0
