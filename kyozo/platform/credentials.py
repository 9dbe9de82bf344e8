"""credentials.json: with which token the command speaks to which platform."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from kyozo.platform.state import StateDir, read_json, write_private

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Profile:
    """`url` of the local platform follows its port; the team is the token's own."""

    url: str
    token: str
    team_id: str


def load(state: StateDir, name: str) -> Profile | None:
    """The profile `local`, or that of a remote platform by its address."""
    values: Any = read_json(state.credentials).get(name)
    if not isinstance(values, dict):
        return None
    try:
        return Profile(str(values["url"]), str(values["token"]), str(values["team_id"]))
    except KeyError:
        return None


def save(state: StateDir, name: str, profile: Profile) -> None:
    state.create()
    everything = read_json(state.credentials) | {name: asdict(profile)}
    write_private(state.credentials, json.dumps(everything, indent=2))
