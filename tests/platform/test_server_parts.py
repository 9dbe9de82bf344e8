"""The processes of a server: their secrets, their health, how they begin and how they end."""

import http.server
import json
import logging
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kyozo import env
from kyozo.platform import healthy, pulse, router, secret_files, version
from services.log_lines import JsonLines, request_id
from services.routing.launch import CONFIG_OPTION
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def as_whoever_runs_this(monkeypatch: pytest.MonkeyPatch) -> None:
    """The users of the images, where the test itself is not root."""
    if os.geteuid() != 0:
        monkeypatch.setattr(os, "fchown", lambda *_: None)


def test_secrets_are_made_once_and_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_whoever_runs_this(monkeypatch)
    made = secret_files.make(tmp_path / "secrets")
    texts = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    again = secret_files.make(tmp_path / "secrets")

    assert made == [secret.name for secret in secret_files.SECRETS]
    assert again == []
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == texts
    assert len(set(texts.values())) == len(texts)


def test_nobody_else_reads_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_whoever_runs_this(monkeypatch)
    secret_files.make(tmp_path / "secrets")

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()}

    assert modes == {0o400}


def test_what_a_run_that_was_killed_left_out_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address has the password that is there, not another one."""
    as_whoever_runs_this(monkeypatch)
    folder = tmp_path / "secrets"
    secret_files.make(folder)
    password = (folder / "postgres_password").read_text().strip()
    (folder / "database_url").unlink()
    (folder / ".database_url.new").write_text("half")

    assert secret_files.make(folder) == ["database_url"]
    assert f":{password}@postgres:" in (folder / "database_url").read_text()
    redis = (folder / "redis.conf").read_text().split()[-1]
    assert f":{redis}@redis:" in (folder / "broker_url").read_text()
    assert not (folder / ".database_url.new").exists()


def test_it_wants_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert secret_files.main([]) == 2
    assert "folder" in capsys.readouterr().err


def test_a_pulse_is_alive_while_it_can_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY_S", 0.01)
    why = [""]
    assert not pulse.is_alive("test")

    pulse.keep("test", lambda: why[0])
    wait_until(lambda: pulse.is_alive("test"), within_s=20, what="it is alive")
    why[0] = "the database does not answer"
    wait_until(lambda: not recently("test"), within_s=20, what="it is not touched any more")


def recently(part: str) -> bool:
    return time.time() - pulse.path_of(part).stat().st_mtime < 0.2


def test_an_old_pulse_is_none() -> None:
    pulse.beat("clock")
    assert healthy.main(["clock"]) == 0

    long_ago = time.time() - pulse.DEAD_AFTER_S - 1
    os.utime(pulse.path_of("clock"), (long_ago, long_ago))

    assert healthy.main(["clock"]) == 1


@pytest.fixture
def answering() -> Iterator[int]:
    """Somebody who answers 404 to everything but the check of a web process."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/v1/health/live" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_web_process_is_healthy_when_it_answers(
    answering: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KYOZO_PORT", str(answering))
    monkeypatch.setenv("KYOZO_ROUTER_API_PORT", str(answering))

    assert healthy.main(["web"]) == 0
    assert healthy.main(["router"]) == 1
    monkeypatch.setenv("KYOZO_PORT", "1")
    assert healthy.main(["web"]) == 1


def test_only_parts_that_there_are_can_be_asked_after() -> None:
    assert healthy.main(["everything"]) == 2
    assert healthy.main([]) == 2


def test_the_router_gets_the_ports_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KYOZO_HOME", str(tmp_path))
    monkeypatch.setenv("KYOZO_HTTP_PORTS", "9100-9101")
    monkeypatch.setenv("KYOZO_ROUTER_PORT", "9099")
    monkeypatch.setenv("KYOZO_ROUTER_API_PORT", "9098")

    program, option = router.command()

    config = json.loads(Path(option.removeprefix(CONFIG_OPTION)).read_text())
    assert os.access(program, os.X_OK)
    addresses = {point["address"] for point in config["entryPoints"].values()}
    assert addresses == {f"127.0.0.1:{port}" for port in (9098, 9099, 9100, 9101)}
    assert config["providers"]["file"]["filename"].startswith(f"{tmp_path}/router/")


def test_a_wrong_setting_ends_it_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KYOZO_HTTP_PORTS", "many")

    assert router.main() == 2
    assert "KYOZO_HTTP_PORTS" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["web", "worker", "clock", "prepare", "owner"])
@pytest.mark.parametrize(
    "missing", ["KYOZO_SECRET_KEY", "KYOZO_ENCRYPTION_KEYS", "DATABASE_URL", "KYOZO_BROKER_URL"]
)
def test_no_part_starts_without_its_secrets(name: str, missing: str) -> None:
    """Nor falls back to SQLite, a broker in memory, or the one key for everything."""
    queue = ["--queue", "builds"] if name == "worker" else []

    ends_with_a_sentence([f"kyozo.platform.{name}", *queue], missing)


@pytest.mark.parametrize("part", [["web"], ["worker", "--queue", "lifecycle"]], ids=" ".join)
def test_who_opens_a_desk_or_asks_there_does_not_start_without_its_secret(part: list[str]) -> None:
    ends_with_a_sentence([f"kyozo.platform.{part[0]}", *part[1:]], "KYOZO_DESK_SECRET")


def ends_with_a_sentence(program: list[str], missing: str) -> None:
    settings = {
        "KYOZO_SECRET_KEY": "a",
        "KYOZO_ENCRYPTION_KEYS": "b",
        "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/d",
        "KYOZO_BROKER_URL": "redis://127.0.0.1:1/0",
        "KYOZO_DESK_SECRET": "c",
    }
    del settings[missing]

    done = subprocess.run(
        [sys.executable, "-P", "-m", *program],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(version.ROOT), **settings},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 2
    assert missing in done.stderr
    assert "Traceback" not in done.stderr


def test_one_of_a_few_words() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KYOZO_TEST_WORD", "xml")
        with pytest.raises(env.SettingError, match="line or json"):
            env.one_of("KYOZO_TEST_WORD", "line", "json")
        patch.delenv("KYOZO_TEST_WORD")
        assert env.one_of("KYOZO_TEST_WORD", "line", "json") == "line"


def record(message: str, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("kyozo.test", logging.INFO, __file__, 1, message, (), None)
    made.__dict__.update(fields)
    return made


def test_a_log_line_is_one_object_whatever_is_in_it() -> None:
    hostile = 'a\n{"level": "ERROR"}\u2028\x1b[31m"'

    text = JsonLines().format(record(hostile, fields={"status": 200}))

    assert "\n" not in text
    told = json.loads(text)
    assert (told["message"], told["level"], told["status"]) == (hostile, "INFO", 200)
    assert "request_id" not in told


def test_a_log_line_names_the_request_that_it_belongs_to() -> None:
    named = request_id.set("abc")
    try:
        told = json.loads(JsonLines().format(record("hello")))
    finally:
        request_id.reset(named)

    assert told["request_id"] == "abc"
    assert "request_id" not in json.loads(JsonLines().format(record("hello")))


def test_an_error_in_the_log_has_its_traceback() -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("broken")

    made = record("it failed", exc_info=(caught.type, caught.value, caught.tb))

    assert "ValueError: invalid literal" in json.loads(JsonLines().format(made))["error"]
