"""The process that looks at a folder: what it answers, and everything that ends it early."""

import os
import runpy
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from detection import analyze, to_json
from detection.from_json import analysis_from_json
from services.errors import CancelledError, InvalidError
from services.lifecycle import detector
from services.lifecycle.analyse import analyse
from services.models import Analysis, Workspace

EXAMPLES = sorted(Path("tests/detection/examples").iterdir())
# Ways to look at a folder that hurt.
FOR_EVER = "import re\nre.match('(a+)+b', 'a' * 99)"
MEMORY = "return [b'x' * 2**20 for _ in range(10**6)]"
KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
DEFECT = "raise ZeroDivisionError"
SAYS = "import os, sys\nsys.stdout.write({!r})\nsys.stdout.flush()\nos._exit(0)"
LIE = SAYS.format('{"analysis": {"folder": 1}}')
NO_JSON = SAYS.format("[" * 99_999)
HELPER = (
    "import os, time\nif not (pid := os.fork()):\n    time.sleep(600)\n"
    "os.mkdir({note!r} + str(pid))\ntime.sleep(600)"
)
SCORE = (
    "from detection import OverrideError\n"
    "raise OverrideError(open('/proc/self/oom_score_adj').read().strip())"
)
SECRETS = (
    "import os\nfrom detection import OverrideError\nraise OverrideError(' '.join(os.environ))"
)

Hurt = Callable[[str], None]


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.KYOZO, "DETECTION_MB", 1024)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/requirements.txt").write_text("flask\n")
    (tmp_path / "shop/app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")
    return tmp_path / "shop"


@pytest.fixture
def hurt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hurt:
    """The child as it is, with its limits, whose way to look at a folder is these lines."""

    def make(lines: str) -> None:
        body = "".join(f"    {line}\n" for line in lines.splitlines())
        (tmp_path / "hurt.py").write_text(
            f"import sys\nsys.path.insert(0, {str(detector.CODE)!r})\nfrom detection import child\n"
            f"def look(folder, *, overrides):\n{body}\n"
            "child.analyze = look\nchild.main(sys.stdin, sys.stdout)\n"
        )
        monkeypatch.setattr(detector, "PROGRAM", (str(tmp_path / "hurt.py"),))

    return make


def _same(data: object) -> Any:
    return {**dict(data), "elapsed_ms": 0}  # type: ignore[call-overload]


def _children() -> list[int]:
    tasks = Path("/proc/self/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


@pytest.fixture
def _nobody_left() -> Iterator[None]:
    before = set(_children())
    yield
    assert set(_children()) <= before


def test_the_child_says_what_this_process_would(shop: Path) -> None:
    found = detector.analyze(shop, overrides={"port": 9000})

    assert _same(to_json(found)) == _same(to_json(analyze(shop, overrides={"port": 9000})))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_analysis_comes_out_of_its_json_as_it_went_in(example: Path) -> None:
    found = analyze(example / "app")

    assert analysis_from_json(to_json(found)) == found


def test_what_a_person_wrote_wrongly_is_said_as_before(shop: Path) -> None:
    (shop / "kyozo.toml").write_text("port = 'x'\n")

    with pytest.raises(InvalidError, match=r"kyozo\.toml:1: port must be a whole number") as raised:
        detector.analyze(shop, overrides={})

    assert (raised.value.error_code, raised.value.fix) == ("detection.failed", detector.FIX)


def test_a_name_that_is_no_text_is_a_folder_like_any_other(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    odd.mkdir()
    (odd / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n")

    assert detector.analyze(odd, overrides={}).services[0].framework == "flask"


@pytest.mark.usefixtures("_nobody_left")
def test_one_that_never_ends_is_ended(
    hurt: Hurt, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurt(FOR_EVER)
    monkeypatch.setitem(settings.KYOZO, "ANALYSE_S", 1.0)
    began = time.monotonic()

    with pytest.raises(InvalidError, match="longer than 1 s") as raised:
        detector.analyze(shop, overrides={})

    assert (raised.value.error_code, raised.value.fix) == ("detection.timeout", detector.SMALLER)
    assert time.monotonic() - began < 20


def test_it_ends_itself_when_nobody_is_left_to_do_it(
    hurt: Hurt, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurt(FOR_EVER)
    monkeypatch.setitem(settings.KYOZO, "ANALYSE_S", 1.0)
    # As of a platform that was killed: whoever looks at the clock is gone.
    monkeypatch.setattr(detector, "_check", lambda *_: None)

    with pytest.raises(InvalidError, match="longer than 1 s"):
        detector.analyze(shop, overrides={})


@pytest.mark.usefixtures("_nobody_left")
def test_one_that_takes_all_memory_is_refused(hurt: Hurt, shop: Path) -> None:
    hurt(MEMORY)

    with pytest.raises(InvalidError, match="more than 1024 MiB") as raised:
        detector.analyze(shop, overrides={})

    assert raised.value.error_code == "detection.memory"


@pytest.mark.parametrize(
    ("lines", "how"),
    [
        (KILLED, "by signal 9"),
        (DEFECT, "with status 1"),
        (LIE, "with status 0"),
        (NO_JSON, "with status 0"),
    ],
    ids=["killed", "defect", "another shape", "no JSON"],
)
@pytest.mark.usefixtures("_nobody_left")
def test_no_answer_is_an_error_of_its_own(hurt: Hurt, shop: Path, lines: str, how: str) -> None:
    hurt(lines)

    with pytest.raises(InvalidError, match=f"ended {how} and gave no answer") as raised:
        detector.analyze(shop, overrides={})

    assert raised.value.error_code == "detection.crashed"


@pytest.mark.usefixtures("_nobody_left")
def test_cancelling_ends_it_and_all_it_started(hurt: Hurt, shop: Path, tmp_path: Path) -> None:
    hurt(HELPER.format(note=f"{tmp_path}/helper-"))

    with pytest.raises(CancelledError):
        detector.analyze(
            shop, overrides={}, is_cancelled=lambda: bool([*tmp_path.glob("helper-*")])
        )

    helper = int(next(tmp_path.glob("helper-*")).name.removeprefix("helper-"))
    assert _is_gone(helper)


def _is_gone(pid: int) -> bool:
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_child_that_somebody_kills_is_no_crash_of_ours(hurt: Hurt, shop: Path) -> None:
    hurt("import time\ntime.sleep(600)")
    known = set(_children())

    def kill() -> None:
        while not (new := set(_children()) - known):
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(new.pop(), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(InvalidError) as raised:
        detector.analyze(shop, overrides={})
    killer.join()

    assert raised.value.error_code == "detection.crashed"


def test_no_secret_of_the_platform_is_in_its_environment(
    hurt: Hurt, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KYOZO_SECRET_KEY", "x")
    hurt(SECRETS)

    with pytest.raises(InvalidError) as raised:
        detector.analyze(shop, overrides={})

    assert set(raised.value.message.split()) <= {"PATH", "LC_ALL", "LC_CTYPE"}


def test_when_all_places_are_taken_one_waits_and_is_told_so(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setitem(settings.KYOZO, "ANALYSE_S", 0.1)

    with detector._places, pytest.raises(InvalidError) as raised:
        detector.analyze(shop, overrides={})

    assert raised.value.error_code == "detection.timeout"


def test_no_more_than_two_take_memory_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many processors the machine has."""
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    places = runpy.run_path(str(detector.__file__))["_places"]

    assert [places.acquire(blocking=False) for _ in range(3)] == [True, True, False]


def test_where_memory_runs_out_the_child_goes_first(hurt: Hurt, shop: Path) -> None:
    hurt(SCORE)

    with pytest.raises(InvalidError, match=r"^1000$"):
        detector.analyze(shop, overrides={})


def test_the_platform_asks_the_child(workspace: Workspace, hurt: Hurt) -> None:
    hurt(DEFECT)

    with pytest.raises(InvalidError) as raised:
        analyse(workspace)

    assert raised.value.error_code == "detection.crashed"
    assert not Analysis.objects.exists()


def test_an_analysis_made_by_the_child_is_kept(workspace: Workspace) -> None:
    assert analyse(workspace).result["services"][0]["service_type"] == "python"
