"""What an event says, in a word or a few."""

from collections.abc import Mapping
from typing import Any


def what_happened(row: Mapping[str, Any]) -> str:
    """Its type; and since one type tells of all operations that did not do what they were asked
    for, which operation it was and how it ended."""
    data = row.get("event_data") or {}
    if not (word := row.get("event_type")):
        return f"status {row.get('status') or data.get('status')}"
    ended = (data.get("kind"), data.get("outcome"))
    if None in ended or ended[1] == "succeeded" or ended == ("deploy", "failed"):
        return str(word)
    return f"{word} ({ended[0]} {ended[1]})"
