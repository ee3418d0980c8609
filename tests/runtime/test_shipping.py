"""What hosts are given agrees with the code: app.json, the image, and what goes into it.

No test builds the image; docs/operators/deploying.md says how far that was rehearsed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from app.api.web_app import DIST
from app.settings import _PARSERS, PLATFORM_PREFIX, Settings
from syncflow import alive
from syncflow.processes import free_port
from syncflow.procfile import read_procfile
from syncflow.product import PROCFILE
from syncflow.web_build import BESIDE_SRC
from tests.runtime.test_production import SAFE
from tests.runtime.waiting import wait_for

PROJECT = Path(__file__).parents[2]
DOCKERFILE = (PROJECT / "Dockerfile").read_text()
HADOLINT = shutil.which("hadolint")
APP = json.loads((PROJECT / "app.json").read_text())
ADDONS = {"heroku-postgresql": "DATABASE_URL", "heroku-redis": "REDIS_URL"}
TOOLS = {"import-linter": "importlinter", "pytest-xdist": "xdist", "pytest-timeout": "pytest_timeout"}


# ---------------------------------------------------------------------------------------------- app.json


def test_app_json_starts_every_process_of_the_procfile_and_no_other() -> None:
    assert set(APP["formation"]) == set(read_procfile(PROCFILE))


def test_app_json_sets_what_exists_and_asks_for_all_that_is_needed() -> None:
    assert {name for name in APP["env"] if not name.startswith(PLATFORM_PREFIX)} <= {
        n.upper() for n in _PARSERS
    }
    added = {
        variable
        for addon in APP["addons"]
        for name, variable in ADDONS.items()
        if addon["plan"].startswith(name)
    }
    given = {name: entry["value"] for name, entry in APP["env"].items() if "value" in entry}
    asked = {
        name for name, entry in APP["env"].items() if "value" not in entry and entry.get("required", True)
    }
    said = {
        **{name: SAFE[name] for name in asked},
        "DATABASE_URL": "postgres://u:Rk9tBvX2@ec2-1.compute-1.amazonaws.com:5432/d1",
        "REDIS_URL": "rediss://:Qm4wZs8L@ec2-2.compute-1.amazonaws.com:6380",
    }
    assert added == {"DATABASE_URL", "REDIS_URL"}
    settings = Settings.from_env(said | given)
    assert settings.in_production
    assert settings.redis_url.endswith("?ssl_cert_reqs=none")


# ------------------------------------------------------------------------------------------------- image


@pytest.mark.skipif(HADOLINT is None, reason="no hadolint on PATH: under the GPL, it is no package of ours")
def test_hadolint_has_nothing_to_say_about_the_dockerfile() -> None:
    assert HADOLINT is not None
    told = subprocess.run(
        [HADOLINT, "--no-color", "--failure-threshold", "style", "-"],
        input=DOCKERFILE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout) == (0, "")


def test_the_image_is_pinned_small_and_without_a_root_user() -> None:
    """What hadolint does not ask for."""
    assert re.search(
        r"^ARG PYTHON=python:\d+\.\d+\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?$", DOCKERFILE, re.MULTILINE
    )
    *_build, final = DOCKERFILE.split("\nFROM ${PYTHON}")
    assert "pip install" not in final
    assert "apt-get" not in final
    assert final.index("USER 10001") < final.index("\nCMD ")
    assert "HEALTHCHECK" in final
    assert "ENVIRONMENT=production" in final
    installed = re.search(r"pip install --require-hashes --only-binary :all: -r (\S+)", DOCKERFILE)
    assert installed
    assert installed[1] == "requirements.txt"


def test_the_image_holds_the_web_app_as_npm_builds_it_from_the_lock(image: Path) -> None:
    pinned = r"^ARG NODE=node:\d+\.\d+\.\d+-\w+-slim(@sha256:[0-9a-f]{64})?$"
    assert re.search(pinned, DOCKERFILE, re.MULTILINE)
    assert "npm ci --ignore-scripts --omit=dev" in DOCKERFILE
    *_build, final = DOCKERFILE.split("\nFROM ${PYTHON}")
    built = image / DIST.relative_to(PROJECT)
    assert f"COPY --from=app /srv/frontend/dist /srv/syncflow/{built.relative_to(image)}" in final
    assert {*BESIDE_SRC, "src", ".npmrc"} <= {path.name for path in built.parent.iterdir()}


def test_the_image_runs_what_the_procfile_runs() -> None:
    command = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert command
    assert tuple(json.loads(command[1])) == read_procfile(PROCFILE)["web"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with what .dockerignore lets in."""
    lines = (PROJECT / ".dockerignore").read_text().split("\n")
    assert "*" in lines
    for name in (line[1:] for line in lines if line.startswith("!")):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy(PROJECT / name, tmp_path / name)
    return tmp_path


def test_the_product_needs_neither_tools_nor_embedded_servers(
    image: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of process starts from what is in the image, where nothing else can be imported."""
    extras = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    absent = {re.split(r"[\[=]", name)[0] for name in (*extras["dev"], *extras["embedded"])}
    (image / "blocked").mkdir()
    blocked = ["sandbox", "tests", *(TOOLS.get(name, name.replace("-", "_")) for name in sorted(absent))]
    (image / "blocked" / "sitecustomize.py").write_text(
        f"import sys\nfor name in {blocked!r}:\n    sys.modules[name] = None\n"
    )
    port = str(free_port())
    variables = {
        **environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "PYTHONPATH": os.pathsep.join([str(image / "blocked"), str(image)]),
        "PORT": port,
    }
    where = [sys.executable, "-c", "import app; print(app.__file__)"]
    found = subprocess.run(where, cwd=image, env=variables, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(str(image))
    release = shlex.split(PROCFILE.read_text().partition("release: ")[2].partition("\n")[0])
    subprocess.run(release, cwd=image, env=variables, check=True, capture_output=True)
    running = [
        subprocess.Popen(command, cwd=image, env=variables, stderr=subprocess.DEVNULL)
        for name, command in read_procfile(PROCFILE).items()
        if name in ("web", "push", "scheduler")
    ]
    try:
        monkeypatch.setenv("PORT", port)
        first = Path(f"/proc/{running[0].pid}/cmdline")
        # Until a program has its arguments it is of no kind, and counts as alive.
        wait_for(lambda: b"gunicorn" in first.read_bytes(), what="web to begin")
        wait_for(lambda: alive.main(first) == 0, what="web to answer")
        assert [process.poll() for process in running] == [None, None, None]
    finally:
        for process in running:
            process.terminate()
        assert [process.wait(40) for process in running] == [0, 0, 0]


# ------------------------------------------------------------------------------------------- HEALTHCHECK


def test_a_web_process_that_does_not_answer_is_not_alive_and_a_worker_is_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = tmp_path / "cmdline"
    monkeypatch.setenv("PORT", str(free_port()))
    first.write_bytes(b"python\0-m\0workers.run\0push\0")
    assert alive.main(first) == 0
    first.write_bytes(b"/opt/venv/bin/python\0/opt/venv/bin/gunicorn\0-c\0syncflow/gunicorn.py\0")
    assert alive.main(first) == 1
    assert "/healthz" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "ended"), [(200, 0), (503, 1)])
def test_a_web_process_is_alive_by_what_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, ended: int
) -> None:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_about: object) -> None: ...

    first = tmp_path / "cmdline"
    first.write_bytes(b"gunicorn\0")
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PORT", str(server.server_address[1]))
        assert alive.main(first) == ended
        server.shutdown()
