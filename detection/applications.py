"""Which of the surveyed places are applications: the root, some below it, or both."""

import re
from dataclasses import replace

from detection.assemble import Survey
from detection.model import DetectedService
from detection.modules import is_module
from detection.projects import ENTRIES, MANIFESTS
from detection.workspaces import required_by_members, workspace_patterns

_SERVICE_FOLDERS = frozenset({"apps", "services", "workers", "jobs"})


def is_strong(root: Survey) -> bool:
    if root.dockerfile is not None:
        return True
    finding = root.finding
    if finding is None or finding.service_type == "unknown":
        return root.is_foreign and not _is_solution(root)
    if finding.role == "program":
        # Of a workspace it is the script that starts all members.
        return finding.package_manager is not None and not workspace_patterns(root.place)
    return finding.role in {"server", "site"}


def _is_solution(root: Survey) -> bool:
    """A .NET solution lists projects; which of them are applications, their own files say."""
    files = {item.file for item in root.finding.evidence} if root.finding else set()
    return any(file.endswith((".sln", ".slnx", "global.json")) for file in files)


def starts_all(root: Survey, below: list[Survey]) -> bool:
    """A workspace root with a start script of its own and at most one application to start."""
    finding = root.finding
    if finding is None or not workspace_patterns(root.place) or not finding.start_command:
        return False
    return len(below) < 2 and not any(looked.dockerfile for looked in below)


def take_after(service: DetectedService, below: list[Survey]) -> DetectedService:
    """The root's start script starts its one application: port and framework are that one's."""
    member = below[0].finding if below else None
    if member is None or service.port is not None:
        return service
    return replace(
        service,
        process="web" if member.port else service.process,
        port=member.port,
        framework=service.framework or member.framework,
        health_endpoint=member.health_endpoint,
    )


def counts(looked: Survey, *, beside: Survey | None) -> bool:
    """Whether a folder is an application. Beside one at the root, only clear cases are."""
    if not looked.is_deployable or _is_tool(looked) or _is_loose_script(looked, beside):
        return False
    if beside is None or looked.dockerfile is not None:
        return beside is None or not _is_same_build(looked, beside)
    if beside.dockerfile is not None or is_module(looked, beside):
        return False
    finding = looked.finding
    return finding is not None and finding.framework is not None and finding.role != "program"


def without_libraries(below: list[Survey], root: Survey) -> list[Survey]:
    """A script that other members of the workspace require is their library, whatever it starts."""
    if not any(_is_script(looked) for looked in below) or not workspace_patterns(root.place):
        return below
    required = required_by_members(root.place)
    return [
        looked
        for looked in below
        if not (_is_script(looked) and looked.finding and looked.finding.name in required)
    ]


def _is_script(looked: Survey) -> bool:
    finding = looked.finding
    return (
        looked.dockerfile is None
        and finding is not None
        and finding.role == "program"
        and finding.service_type == "nodejs"
    )


def _is_same_build(looked: Survey, beside: Survey) -> bool:
    """`build/Dockerfile` builds the root from the root; its folder is no second application.

    Nor is `docker-alpine/`, which has nothing to build but another Dockerfile of the same.
    """
    is_variant = re.match(r"\.?docker", looked.place.path.rpartition("/")[2])
    if is_variant and looked.finding is None:
        return True
    paths = {survey.dockerfile.path for survey in (looked, beside) if survey.dockerfile}
    return len(paths) == 1 and beside.dockerfile is not None


def _is_loose_script(looked: Survey, beside: Survey | None) -> bool:
    """Without a manifest only what serves with a framework is more than a script, or a part."""
    finding = looked.finding
    here = looked.place.names.files
    if finding is None or ENTRIES.isdisjoint(here) or not MANIFESTS.isdisjoint(here):
        return False
    return beside is not None or finding.role != "server" or finding.framework is None


def _is_tool(looked: Survey) -> bool:
    """A package that only installs a command is somebody's tool, not a service."""
    finding = looked.finding
    if looked.place.path.partition("/")[0] in _SERVICE_FOLDERS:
        return False
    if finding is None or looked.dockerfile is not None or finding.role != "program":
        return False
    return any(item.rule == "console-script" for item in finding.evidence)
