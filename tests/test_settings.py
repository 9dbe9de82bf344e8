"""docs/settings.md has every setting, and no other."""

import re

from tests.repository import ROOT

OF_THE_COMMAND = {
    "KYOZO_GIT_TOKEN",
    "KYOZO_NO_INSTALL",
    "KYOZO_PYTHON",
    "KYOZO_TEAM",
    "KYOZO_TOKEN",
    "KYOZO_URL",
    "KYOZO_VENV",
}


def read_by_the_settings() -> set[str]:
    code = (ROOT / "kyozo" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)\"""", code))


def on_the_page() -> set[str]:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))


def test_every_setting_is_on_the_page_and_nothing_else() -> None:
    assert on_the_page() == read_by_the_settings() | OF_THE_COMMAND


def test_the_commands_variables_are_those_of_its_help() -> None:
    files = (ROOT / "kyozo" / "cli").glob("*.py")
    code = "".join(file.read_text(encoding="utf-8") for file in files)

    assert set(re.findall(r'envvar="([A-Z_]+)"', code)) <= OF_THE_COMMAND
