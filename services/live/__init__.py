"""The WebSocket face: events as they happen, to every socket of a team."""
