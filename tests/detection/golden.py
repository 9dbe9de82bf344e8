"""What an example folder should give; `python -m tests.detection.golden` writes it anew."""

import json
from collections.abc import Mapping
from pathlib import Path

from detection import Analysis, NotRenderableError, analyze, render_dockerfile, to_json

EXAMPLES = Path(__file__).parent / "examples"
# Different on every machine, or said elsewhere in the same file.
_LEFT_OUT = {"folder", "elapsed_ms", "file_indicators", "confidence_scores"}


def names() -> list[str]:
    return sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


def analysis_of(name: str) -> Analysis:
    return analyze(EXAMPLES / name / "app")


def plan_of(found: Analysis) -> str:
    """The analysis as JSON for people: nothing empty, evidence as sentences."""
    whole = to_json(found)
    assert isinstance(whole, dict)
    kept = {key: value for key, value in whole.items() if key not in _LEFT_OUT}
    return json.dumps(_short(kept), indent=2) + "\n"


def _short(value: object) -> object:
    if isinstance(value, Mapping):
        if {"rule", "file", "detail"} <= value.keys():
            return f"{value['rule']}: {value['file']}: {value['detail']} ({value['weight']:+})"
        short = {key: _short(item) for key, item in value.items()}
        return {key: item for key, item in short.items() if item not in (None, "", [], {}, False)}
    return [_short(item) for item in value] if isinstance(value, list) else value


def dockerfiles_of(found: Analysis) -> str:
    """The Dockerfile of each service, or why there is none."""
    parts: list[str] = []
    for service in found.services:
        parts.append(f"# service {service.name}, folder {service.path}\n")
        try:
            parts.append(render_dockerfile(service).dockerfile)
        except NotRenderableError as exc:
            parts.append(f"# {exc}\n")
    return "\n".join(parts)


def write_all() -> None:
    for name in names():
        found = analysis_of(name)
        (EXAMPLES / name / "plan.json").write_text(plan_of(found))
        (EXAMPLES / name / "Dockerfile.expected").write_text(dockerfiles_of(found))


if __name__ == "__main__":
    write_all()
