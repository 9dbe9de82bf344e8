"""Archives in every form that a program may have one in, and what a cut does to each."""

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from services.models import Workspace
from tests.factories import make_folder
from tests.sdk_javascript.conftest import Served
from tests.sdk_javascript.cutting import LOSE, REFUSE, CuttingProxy
from tests.sdk_javascript.programs import Access, Programs

FORMS = {
    "blob": "new Blob([bytes])",
    "buffer": "bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)",
    "array": "new Uint8Array(bytes)",
    "stream": "new Blob([bytes]).stream()",
    "node stream": "createReadStream(process.env.ARCHIVE)",
    "function": "() => createReadStream(process.env.ARCHIVE)",
    "later": "async () => new Blob([bytes])",
}
HEAD = """
import { readFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
const bytes = await readFile(process.env.ARCHIVE);
"""


@pytest.fixture(autouse=True)
def _own_state(settings: Settings, tmp_path: Path) -> None:
    """What is unpacked lies in a folder of the test."""
    settings.KYOZO = settings.KYOZO | {"HOME": tmp_path / "home"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    packed = tmp_path / "app.tar.gz"
    folder = make_folder(tmp_path, "packed")
    # More than one piece of a stream.
    (folder / "data.bin").write_bytes(bytes(range(256)) * 2000)
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(folder, arcname=".")
    return packed


@pytest.fixture
def proxy(served: Served) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(served.port)
    yield proxy
    proxy.end()


def test_every_form_is_taken(js: Programs, access: Access, archive: Path) -> None:
    calls = "".join(
        f"found.push((await api.workspaces.upload({form}, {{ name: '{name}' }})).name);\n"
        for name, form in FORMS.items()
    )

    found = js.run(access, f"{HEAD}const found = [];\n{calls}say(found);", ARCHIVE=str(archive))

    assert found == list(FORMS)
    for workspace in Workspace.objects.all():
        assert (Path(workspace.root) / "data.bin").stat().st_size == 256 * 2000


def test_a_zip_says_that_it_is_one(js: Programs, access: Access, tmp_path: Path) -> None:
    packed = tmp_path / "app.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.html", "<h1>hello</h1>")

    found = js.run(
        access,
        HEAD + "say(await api.workspaces.upload(bytes, { name: 'z', type: 'application/zip' }));",
        ARCHIVE=str(packed),
    )

    assert found["storage_backend"] == "archive"
    assert (Path(Workspace.objects.get().root) / "index.html").exists()


@pytest.mark.parametrize("form", ["blob", "array", "function"])
def test_what_can_be_read_again_is_sent_again_and_made_once(
    js: Programs, access: Access, served: Served, proxy: CuttingProxy, archive: Path, form: str
) -> None:
    proxy.fates[:] = [LOSE, REFUSE]

    found = js.run(
        access.via(proxy.port),
        f"{HEAD}say(await api.workspaces.upload({FORMS[form]}));",
        ARCHIVE=str(archive),
    )

    assert found["id"] == str(Workspace.objects.get().id)
    assert proxy.fates == []


def test_a_stream_is_sent_once(
    js: Programs, access: Access, served: Served, proxy: CuttingProxy, archive: Path
) -> None:
    proxy.fates[:] = [LOSE]

    error = js.run(
        access.via(proxy.port),
        f"{HEAD}say(await failure(() => api.workspaces.upload({FORMS['stream']})));",
        ARCHIVE=str(archive),
    )

    assert error["kind"] == "ConnectionFailedError"
    assert served.times("POST") == 1
