"""docs/settings.md has every setting, and no other."""

import re

import pytest

from kyozo import env
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


def test_addresses_are_read_in_one_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KYOZO_HOST_IPS", "127.0.0.2, 0:0::1,")

    assert env.addresses("KYOZO_HOST_IPS") == ["127.0.0.2", "::1"]


def test_what_is_no_address_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KYOZO_HOST_IPS", "127.0.0.0/8")

    with pytest.raises(env.SettingError, match="KYOZO_HOST_IPS"):
        env.addresses("KYOZO_HOST_IPS")
