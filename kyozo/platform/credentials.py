"""credentials.json: with which token the command speaks to which platform."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from kyozo.platform.state import StateDir, read_json, write_private

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Profile:
    """`url` of the local platform follows its port; the team is the token's own, and `slug` its
    short name where that is known."""

    url: str
    token: str
    team_id: str
    slug: str = ""


def load(state: StateDir, name: str) -> Profile | None:
    """The profile `local`, or that of a remote platform by its address."""
    return _parsed(read_json(state.credentials).get(name))


def save(state: StateDir, name: str, profile: Profile) -> None:
    _write(state, read_json(state.credentials) | {name: asdict(profile)})


def teams(state: StateDir, name: str) -> list[Profile]:
    """Of a platform, the tokens that are kept beside the one it is usually spoken to with."""
    return [found for row in _rows(state, name).values() if (found := _parsed(row))]


def save_team(state: StateDir, name: str, profile: Profile) -> None:
    _write_rows(state, name, _rows(state, name) | {profile.team_id: asdict(profile)})


def forget_team(state: StateDir, name: str, team_id: str) -> None:
    rows = _rows(state, name)
    if rows.pop(team_id, None):
        _write_rows(state, name, rows)


def _rows(state: StateDir, name: str) -> dict[str, Any]:
    rows = read_json(state.credentials).get(f"teams of {name}")
    return dict(rows) if isinstance(rows, dict) else {}


def _write_rows(state: StateDir, name: str, rows: dict[str, Any]) -> None:
    _write(state, read_json(state.credentials) | {f"teams of {name}": rows})


def _write(state: StateDir, everything: dict[str, Any]) -> None:
    state.create()
    write_private(state.credentials, json.dumps(everything, indent=2))


def _parsed(values: Any) -> Profile | None:
    if not isinstance(values, dict):
        return None
    try:
        return Profile(
            str(values["url"]),
            str(values["token"]),
            str(values["team_id"]),
            str(values.get("slug", "")),
        )
    except KeyError:
        return None
