"""A program for real deploys that writes to its log what it is asked for."""

from pathlib import Path


def make_talking(place: Path) -> Path:
    place.mkdir()
    (place / "Procfile").write_text("web: python -u -m http.server $PORT\n", encoding="utf-8")
    (place / "requirements.txt").touch()
    (place / "index.html").write_text("<h1>hello</h1>\n", encoding="utf-8")
    return place
