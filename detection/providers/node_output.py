"""Where a site's build leaves its files: the framework's usual folder, or the one it was told."""

import re

from detection import values
from detection.frameworks.node import NodeFramework
from detection.place import Place
from detection.providers.node_package import Package

_RESOLVED = r"(?:(?:path\.)?(?:resolve|join)\(\s*(?:__dirname|import\.meta\.dirname)\s*,\s*)?"
_FLAG = re.compile(r"(?i)--(?:out-?dir|output(?:-path)?|dist-dir|dest(?:ination)?)[= ]([\w./-]+)")


def output_of(place: Place, package: Package, framework: NodeFramework) -> str:
    """A flag of the build script, then the configuration, then what the framework does anyway."""
    usual = framework.output or framework.static_output or "dist"
    if framework.name == "angular":
        return _angular(place)
    if framework.name in {"vitepress", "vuepress"}:
        script = package.scripts.get("build", "")
        folder = re.search(rf"{framework.name} build (\w[\w./-]*)", script)
        return f"{folder[1]}/{usual}" if folder else usual
    flag = _inside(_flag(package.command("build"), framework))
    return flag or configured_output(place, framework) or usual


def _flag(script: str, framework: NodeFramework) -> str | None:
    """The folder that the script tells the framework's tool, rather than another one before it."""
    tool = (framework.build or framework.name).split()[0]
    steps = (step for step in re.split(r"&&|;", script) if tool in step)
    found = (_FLAG.search(step) for step in steps)
    return next((match[1] for match in found if match), None)


def configured_output(place: Place, framework: NodeFramework) -> str | None:
    """The folder that the framework's configuration names under the framework's own key."""
    if framework.output_key is None:
        return None
    config = place.find(*framework.configs)
    pattern = rf"\b(?:{framework.output_key})['\"]?\s*[:=]\s*{_RESOLVED}['\"`]([\w./-]+)['\"`]"
    written = re.search(pattern, place.source(config)) if config else None
    return _inside(written[1]) if written else None


def _inside(path: str | None) -> str | None:
    bare = path.removeprefix("./").rstrip("/") if path else ""
    return bare if bare and ".." not in bare and not bare.startswith("/") else None


def _angular(place: Place) -> str:
    """The build's own output path; the application builder adds `browser` below it."""
    projects = values.table(place.json("angular.json"), "projects")
    for name, project in projects.items():
        build = values.dig(project, "architect", "build") or values.dig(project, "targets", "build")
        builder = values.text(build, "builder") or ""
        path = values.text(build, "options", "outputPath") or f"dist/{name}"
        path = values.text(build, "options", "outputPath", "base") or path
        if ".." not in path and not path.startswith("/"):
            return f"{path}/browser" if builder.endswith(":application") else path
    return "dist"
