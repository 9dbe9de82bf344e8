"""The package itself: what is in it, what it needs, and what TypeScript says of it."""

import json
import tarfile

from tests.sdk_javascript.building import SDK, Built, node
from tests.sdk_javascript.typescript import PLACE

LINES = 400
USE = """
import { KyozoAPI, NotFoundError, type Page, type Service } from '@kyozo/sdk';

const api = new KyozoAPI({ baseUrl: 'http://127.0.0.1:7070/api/v1', apiToken: 't', teamId: 'u' });
const page: Page<Service> = await api.services.list({ status: 'running', sort_by: 'name' });
const names: string[] = page.map(({ name }) => name);
const made = await api.services.create({ name: 'web', folder_path: '/' });
const tag: string | null = made.etag;
const id: string | null = (await api.services.start(made.id)).meta.operation_id;
for await (const { line } of api.services.followLogs(made.id, { lines: 5 })) names.push(line);
const watch = api.services.onStatusChange((id, status) => status === 'running' && id.length);
watch.close();
await api.services.get(made.id).catch((error) => error instanceof NotFoundError && error.fix);
console.log(names, tag, id);

// @ts-expect-error no such state
await api.services.list({ status: 'flying' });
// @ts-expect-error no such field
await api.services.create({ name: 'web', folder_path: '/', colour: 'red' });
// @ts-expect-error a field is missing
await api.services.create({ name: 'web' });
// @ts-expect-error a number is wanted
await api.services.scale(made.id, 'three');
// @ts-expect-error what is answered is typed, too
names.push(made.release);
// @ts-expect-error an address is needed
new KyozoAPI({ apiToken: 't' });
"""
STRICT = {
    "strict": True,
    "noEmit": True,
    "module": "nodenext",
    "target": "es2022",
    "lib": ["es2022", "dom"],
    "types": [],
}


def test_the_tarball_has_what_is_needed_and_no_more(package: Built) -> None:
    with tarfile.open(package.tarball) as tar:
        names = [name.removeprefix("package/") for name in tar.getnames()]

    others = {name for name in names if not name.startswith("dist/")}
    assert others == {"package.json", "README.md", "LICENSE"}
    assert {"dist/index.js", "dist/index.d.ts", "dist/groups/services.js"} <= set(names)
    assert {name for name in names if not name.endswith((".js", ".d.ts"))} == others


def test_it_needs_nothing_else_to_run(package: Built) -> None:
    installed = json.loads((package.package / "package.json").read_text(encoding="utf-8"))

    assert "dependencies" not in installed
    assert sorted(path.name for path in (package.app / "node_modules").glob("[!.]*")) == ["@kyozo"]
    said = node(
        "--input-type=module",
        "-e",
        "import * as sdk from '@kyozo/sdk'; console.log(Object.keys(sdk).sort().join())",
        cwd=package.app,
    )
    assert said.startswith("BadRequestError,ChangedError,ConflictError,ConnectionFailedError")
    assert "KyozoAPI" in said


def test_typescript_finds_mistakes_in_calls(package: Built) -> None:
    place = package.app / "typed"
    place.mkdir(exist_ok=True)
    (place / "use.mts").write_text(USE, encoding="utf-8")
    options = {"compilerOptions": STRICT, "include": ["use.mts"]}
    (place / "tsconfig.json").write_text(json.dumps(options))
    compiler = package.source / "node_modules" / "typescript" / "bin" / "tsc"

    assert node(compiler, "-p", place, cwd=place) == ""


def test_the_lock_pins_and_names_no_host() -> None:
    lock = json.loads((SDK / "package-lock.json").read_text(encoding="utf-8"))

    locked = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in locked.items() if "integrity" not in entry] == []
    assert [name for name, entry in locked.items() if "resolved" in entry] == []
    assert [name for name, entry in locked.items() if not entry.get("dev")] == []


def test_no_source_is_longer_than_the_budget() -> None:
    """But for the types, which are written by a program."""
    sources = [path for path in (SDK / "src").rglob("*.ts") if path != PLACE]

    sizes = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in sources}
    assert len(sizes) > 10
    assert {name: size for name, size in sizes.items() if size > LINES} == {}
