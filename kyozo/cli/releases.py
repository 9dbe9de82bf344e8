"""A service's releases, as `status` and `rollback --list` show them."""

from collections.abc import Mapping, Sequence
from typing import Any

from kyozo.cli.session import Session

Rows = Sequence[Mapping[str, Any]]
SHORT_DIGEST = 12


def get_releases(session: Session, service_id: str) -> Rows:
    """Newest first."""
    found: Rows = session.api.get(session.api.team_path(f"/services/{service_id}/releases"))
    return found


def show_releases(session: Session, found: Rows) -> None:
    session.screen.table(["RELEASE", "", "IMAGE", "MADE", "WHY"], map(_row, found))


def _row(release: Mapping[str, Any]) -> tuple[object, ...]:
    digest = str(release["image_digest"]).removeprefix("sha256:")[:SHORT_DIGEST]
    current = "current" if release["is_current"] else ""
    return (release["number"], current, digest, release["created_at"], _why(release))


def _why(release: Mapping[str, Any]) -> str:
    earlier, who = release["rolled_back_from"], release["created_by"]
    what = f"back to {earlier}" if earlier else "deployed"
    return f"{what} by {who}" if who else what
