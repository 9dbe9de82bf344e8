"""What a language provider is asked, and what it answers with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from detection.model import EnvironmentVariable, Evidence, ServiceType
from detection.place import Place

Role = Literal["server", "site", "program", "library"]


@dataclass(slots=True)
class Notes:
    """Evidence and warnings, collected while a provider looks around a place."""

    place: Place
    evidence: list[Evidence] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def saw(
        self, rule: str, file: str, detail: str, *, weight: float = 0.0, line: int | None = None
    ) -> None:
        found = Evidence(rule, self.place.full(file), detail, weight, line)
        if found not in self.evidence:
            self.evidence.append(found)

    def warn(self, text: str) -> None:
        where = "" if self.place.path == "." else f"{self.place.path}: "
        self.warnings.append(where + text)


@dataclass(frozen=True, slots=True)
class Program:
    """One more program of the same source that wants to run: built and started by itself."""

    name: str
    build_command: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One provider's answer for one place: a candidate, scored by its evidence.

    `role` says what starting it gives: a server that listens, a site of files, a program that just
    runs, or a library that nothing starts.
    """

    service_type: ServiceType
    language: str
    role: Role
    evidence: tuple[Evidence, ...]
    warnings: tuple[str, ...] = ()
    name: str | None = None
    language_version: str | None = None
    minimum_version: str | None = None
    framework: str | None = None
    package_manager: str | None = None
    install_command: str | None = None
    build_command: str | None = None
    start_command: str | None = None
    port: int | None = None
    health_endpoint: str | None = None
    environment: tuple[EnvironmentVariable, ...] = ()
    dependencies: frozenset[str] = frozenset()
    manifest_files: tuple[str, ...] = ()
    output_directory: str | None = None
    single_page: bool = False
    system_packages: tuple[str, ...] = ()
    build_facts: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[Program, ...] = ()

    @property
    def score(self) -> float:
        return combine(self.evidence)


def combine(evidence: tuple[Evidence, ...]) -> float:
    """Independent reasons add up like chances: each one closes part of what is left to doubt."""
    doubt, against = 1.0, 1.0
    for item in evidence:
        if item.weight >= 0:
            doubt *= 1 - min(item.weight, 0.99)
        else:
            against *= 1 + max(item.weight, -0.99)
    return round((1 - doubt) * against, 4)


class Provider(Protocol):
    """One language. `examine` reads through the place only; None when nothing is here."""

    @property
    def manifests(self) -> frozenset[str]:
        """File names that make a folder a project of this language."""
        ...

    def examine(self, place: Place) -> Finding | None: ...
