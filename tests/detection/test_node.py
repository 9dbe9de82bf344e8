"""JavaScript projects: manifests in other notations, Nx workspaces, builds without a server."""

import json

import pytest

from detection import render_dockerfile
from tests.detection.conftest import Analyzed

JSON5 = """{
  // what pnpm reads as well
  name: 'shop',
  scripts: {start: "node main.js", /* later */ docs: 'open https://example.org',},
}
"""
YAML = "name: shop\nscripts:\n  start: node main.js\n"


@pytest.mark.parametrize(("file", "text"), [("package.json5", JSON5), ("package.yaml", YAML)])
def test_a_manifest_only_pnpm_reads_is_read_and_is_pnpms(
    analyzed: Analyzed, file: str, text: str
) -> None:
    shop = analyzed({file: text, "main.js": "", "pnpm-lock.yaml": ""}).services[0]

    assert (shop.package_manager, shop.start_command) == ("pnpm", "pnpm run start")
    assert shop.manifest_files == (file, "pnpm-lock.yaml")


def test_tanstack_without_nitro_is_served_by_srvx(analyzed: Analyzed) -> None:
    required = {"@tanstack/react-start": "1"}

    plain = analyzed({"package.json": json.dumps({"dependencies": required})}).services[0]
    nitro = {"dependencies": required | {"nitro": "3"}}
    built = analyzed({"package.json": json.dumps(nitro)}).services[0]

    assert plain.start_command == "npx srvx --prod -s ../client dist/server/server.js"
    assert plain.build_facts["interpreter"].startswith("srvx@")
    assert built.start_command == "node .output/server/index.mjs"


def test_a_workspace_root_is_not_the_framework_its_members_use(analyzed: Analyzed) -> None:
    root = {"workspaces": ["apps/*"], "dependencies": {"next": "16"}}
    web = {"dependencies": {"next": "16"}}

    found = analyzed({"package.json": json.dumps(root), "apps/web/package.json": json.dumps(web)})

    assert [(s.path, s.start_command) for s in found.services] == [("apps/web", "next start")]


NX = {
    "nx.json": "{}",
    "package.json": json.dumps(
        {
            "scripts": {"start": "nx serve", "build": "nx build"},
            "dependencies": {"@nestjs/core": "11", "express": "5", "react": "19", "next": "16"},
            "devDependencies": {"nx": "22", "vite": "7"},
        }
    ),
    "package-lock.json": "{}",
}
MAIN = "import { NestFactory } from '@nestjs/core';\nawait app.listen(process.env.PORT || 3333);\n"


def project(**said: object) -> str:
    return json.dumps({"projectType": "application", **said})


def test_each_application_of_an_nx_workspace_is_a_service(analyzed: Analyzed) -> None:
    api = {"build": {"executor": "@nx/webpack:webpack", "options": {"target": "node"}}}
    web = {"build": {"executor": "@nx/vite:build", "options": {"outputPath": "dist/apps/web"}}}
    found = analyzed(
        {
            **NX,
            "apps/api/project.json": project(name="api", targets=api),
            "apps/api/src/main.ts": MAIN,
            "apps/web/project.json": project(name="web", targets=web),
            "apps/web/index.html": "",
            "apps/web-e2e/project.json": project(targets={"e2e": {}}),
            "libs/shared/project.json": json.dumps({"projectType": "library"}),
        }
    )

    api_service, web_service = found.services
    assert (api_service.framework, api_service.port) == ("nestjs", 3333)
    assert api_service.start_command == "node dist/apps/api/main.js"
    assert api_service.build_command == "npx nx build api"
    assert api_service.build_context == "."
    assert (web_service.service_type, web_service.output_directory) == ("static", "dist/apps/web")


@pytest.mark.parametrize(
    ("files", "start"),
    [
        ({"next.config.js": ""}, "next start apps/shop"),
        (
            {
                "webpack.config.js": "output: { path: join(__dirname, '../../dist/apps/shop') },"
                " plugins: [new NxAppWebpackPlugin({ target: 'node' })]"
            },
            "node dist/apps/shop/main.js",
        ),
        ({"vite.config.ts": "build: { outDir: '../../dist/apps/shop' }", "index.html": ""}, None),
    ],
    ids=["next", "webpack", "vite"],
)
def test_targets_that_nx_infers_are_inferred(
    analyzed: Analyzed, files: dict[str, str], start: str | None
) -> None:
    below = {f"apps/shop/{name}": text for name, text in files.items()}

    shop = analyzed({**NX, "apps/shop/project.json": project(), **below}).services[0]

    assert shop.start_command == start
    assert shop.output_directory == (None if start else "dist/apps/shop")


def test_a_start_target_of_ones_own_is_what_starts(analyzed: Analyzed) -> None:
    targets = {
        "build": {"executor": "@nx/esbuild:esbuild"},
        "start": {"executor": "nx:run-commands", "options": {"command": "node dist/it.js"}},
    }

    found = analyzed({**NX, "apps/api/project.json": project(targets=targets)})

    assert found.services[0].start_command == "node dist/it.js"


API = json.dumps(
    {
        "name": "@shop/api",
        "scripts": {"build": "tsc", "start": "node dist/a.js"},
        "dependencies": {"express": "5", "@shop/db": "workspace:*"},
    }
)
TURBO = {"packageManager": "npm@10.0.0", "devDependencies": {"turbo": "2"}}


@pytest.mark.parametrize(
    ("root", "files", "build"),
    [
        (TURBO, {"turbo.json": "{}"}, "npx turbo run build --filter=@shop/api"),
        ({"devDependencies": {"turbo": "2"}}, {"turbo.json": "{}"}, "npm run build"),
        ({}, {"pnpm-lock.yaml": ""}, 'pnpm --filter "@shop/api..." run build'),
        ({}, {}, "npm run build"),
    ],
    ids=["turbo", "turbo that refuses", "pnpm", "npm"],
)
def test_libraries_of_a_workspace_are_built_before_their_application(
    analyzed: Analyzed, root: dict[str, object], files: dict[str, str], build: str
) -> None:
    package = {"workspaces": ["apps/*"], **root}
    found = analyzed({"package.json": json.dumps(package), "apps/api/package.json": API, **files})

    api = found.services[0]
    assert api.build_command == build
    lines = render_dockerfile(api).dockerfile.splitlines()
    built = lines.index(f"RUN {build}")
    at_root = build != "npm run build"
    assert ("WORKDIR /app/apps/api" in lines[:built]) is not at_root


def test_a_build_that_only_names_its_outputs_is_a_site_there(analyzed: Analyzed) -> None:
    targets = {"build": {"outputs": ["{workspaceRoot}/dist/apps/shop"]}}
    files = {"apps/shop/rsbuild.config.ts": "", "apps/shop/project.json": project(targets=targets)}

    shop = analyzed(NX | files).services[0]

    assert (shop.service_type, shop.output_directory) == ("static", "dist/apps/shop")
