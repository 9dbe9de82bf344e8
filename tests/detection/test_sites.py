"""Sites and libraries told apart: Jekyll by its configuration, bundlers by what they make."""

import json

import pytest

from detection import render_dockerfile
from tests.detection.conftest import Analyzed

PAGE = "---\nlayout: home\n---\nhello\n"


@pytest.mark.parametrize(
    "files",
    [
        {"_config.yml": "theme: minima\n", "index.md": PAGE},
        {"_config.yml": "remote_theme: a/b\n", "README.md": "# hello\n"},
        {"_config.yml": "plugins: [jekyll-feed]\n", "index.html": PAGE},
        {"_config.yml": "title: x\n", "_posts/2025-01-01-a.md": PAGE},
    ],
)
def test_jekyll_is_known_by_its_configuration_alone(
    analyzed: Analyzed, files: dict[str, str]
) -> None:
    found = analyzed(files)

    assert (found.service_type, found.services[0].framework) == ("static", "jekyll")


@pytest.mark.parametrize(
    "files",
    [
        {"_config.yml": "name: x\n", "index.md": "# hello\n"},
        {"_config.yml": "theme: landscape\n", "source/_posts/a.md": PAGE},
        {"_config.yml": "[", "index.md": PAGE},
    ],
)
def test_what_shares_its_file_name_only_is_not_jekyll(
    analyzed: Analyzed, files: dict[str, str]
) -> None:
    assert analyzed(files).service_type == "unknown"


def test_a_bundled_library_is_nothing_to_serve(analyzed: Analyzed) -> None:
    package = {"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}
    files = {
        "package.json": json.dumps(package),
        "vite.config.ts": "export default { build: { lib: { entry: 'src/index.ts' } } }\n",
    }

    assert not analyzed(files).is_deployable
    assert analyzed({**files, "index.html": ""}).service_type == "static"


def test_a_published_package_without_a_start_is_nothing_to_run(analyzed: Analyzed) -> None:
    package = {"name": "left", "main": "index.js", "files": ["index.js"]}

    found = analyzed({"package.json": json.dumps(package), "index.js": "module.exports = 1\n"})

    assert not found.is_deployable


def test_what_other_members_require_is_their_library(analyzed: Analyzed) -> None:
    def member(name: str, **dependencies: str) -> str:
        start = {"start": "node tool.js"}
        return json.dumps({"name": name, "scripts": start, "dependencies": dependencies})

    found = analyzed(
        {
            "package.json": json.dumps({"workspaces": ["packages/*"]}),
            "packages/db/package.json": member("@shop/db"),
            "packages/mailer/package.json": member("mailer", **{"@shop/db": "workspace:*"}),
        }
    )

    assert [service.name for service in found.services] == ["mailer"]


def test_mkdocs_with_tags_of_its_own_is_read(analyzed: Analyzed) -> None:
    text = "site_name: x\nemoji: !!python/name:material.extensions.emoji.twemoji\n"

    found = analyzed({"mkdocs.yml": text, "docs/index.md": ""})

    assert found.services[0].framework == "mkdocs"
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("package", "config", "text", "output"),
    [
        ("astro", "astro.config.mjs", "export default { outDir: './public' }", "public"),
        ("vite", "vite.config.ts", "build: { outDir: 'site/' }", "site"),
        ("vite", "vite.config.ts", "build: { outDir: '../up' }", "dist"),
        ("@vue/cli-service", "vue.config.js", "outputDir: 'web'", "web"),
        ("@11ty/eleventy", ".eleventy.js", "return { dir: { output: 'www' } }", "www"),
    ],
)
def test_a_site_is_served_from_where_its_configuration_puts_it(
    analyzed: Analyzed, package: str, config: str, text: str, output: str
) -> None:
    said = {"scripts": {"build": "make"}, "dependencies": {package: "1"}}

    site = analyzed({"package.json": json.dumps(said), config: text}).services[0]

    assert (site.service_type, site.output_directory) == ("static", output)


def test_a_flag_of_the_build_script_names_the_folder(analyzed: Analyzed) -> None:
    said = {"scripts": {"build": "vite build --outDir web"}, "dependencies": {"vite": "7"}}

    assert analyzed({"package.json": json.dumps(said)}).services[0].output_directory == "web"


def test_an_adapter_of_another_platform_is_a_warning(analyzed: Analyzed) -> None:
    said = {"dependencies": {"astro": "5", "@astrojs/vercel": "8"}}
    files = {"package.json": json.dumps(said), "astro.config.mjs": "output: 'server'"}

    warning = "@astrojs/vercel makes nothing that starts here: use @astrojs/node"
    assert warning in analyzed(files).warnings


@pytest.mark.parametrize(
    ("files", "install"),
    [
        ({"mkdocs.yml": "site_name: x\n"}, None),
        ({"mkdocs.yml": "theme: readthedocs\n"}, None),
        ({"mkdocs.yml": "theme: {name: material}\n"}, "pip install mkdocs mkdocs-material"),
        (
            {"mkdocs.yml": "theme: {name: material}\n", "docs/requirements.txt": "mkdocs-x\n"},
            "pip install -r docs/requirements.txt",
        ),
    ],
)
def test_a_theme_of_mkdocs_is_installed(
    analyzed: Analyzed, files: dict[str, str], install: str | None
) -> None:
    site = analyzed({**files, "docs/index.md": ""}).services[0]

    assert site.install_command == install
    assert ("FROM python:" in render_dockerfile(site).dockerfile) is bool(install)


def test_a_member_that_only_tests_with_vite_is_no_site(analyzed: Analyzed) -> None:
    def member(**scripts: str) -> str:
        return json.dumps({"scripts": scripts, "devDependencies": {"vite": "7"}})

    found = analyzed(
        {
            "package.json": json.dumps({"workspaces": ["packages/*"]}),
            "packages/email/package.json": member(test="vitest"),
            "packages/types/package.json": member(build="vite build"),
            "packages/types/vite.config.ts": "export default { build: { rollupOptions: {} } }",
            "packages/page/package.json": member(build="vite build"),
            "packages/page/index.html": "",
        }
    )

    assert [service.path for service in found.services] == ["packages/page"]
