"""The chapters of the document: each of the API's modules belongs to one."""

from collections.abc import Mapping

from rest_framework.views import APIView

TAGS: Mapping[str, str] = {
    "Services": "Folders that run: list, create, show, change and remove them.",
    "Lifecycle": "Start, stop, restart, scale, deploy and roll back.",
    "Monitoring": "State, health, logs and metrics of a service.",
    "Workspaces": "Where folders come from: registered, uploaded or fetched with git.",
    "Operations": "What was asked for, how far it is, and what was built and happened for it.",
    "Access": "Tokens and sign-in links.",
    "Team": "Teams, members, invitations and who did what.",
    "Platform": "Images, cleaning up, and whether the platform works.",
}
CHAPTERS: Mapping[str, str] = {
    "audit": "Team",
    "builds": "Operations",
    "clean": "Platform",
    "env": "Services",
    "events": "Operations",
    "files": "Workspaces",
    "git": "Workspaces",
    "health": "Platform",
    "image_mappings": "Platform",
    "invitations": "Team",
    "lifecycle": "Lifecycle",
    "logs": "Monitoring",
    "me": "Access",
    "members": "Team",
    "monitoring": "Monitoring",
    "operations": "Operations",
    "service": "Services",
    "teams": "Team",
    "tokens": "Access",
    "uploads": "Workspaces",
    "workspaces": "Workspaces",
}


def tag_of(view: APIView) -> str:
    return CHAPTERS[type(view).__module__.rpartition(".")[2]]


def chapters() -> list[dict[str, str]]:
    return [{"name": name, "description": about} for name, about in TAGS.items()]
