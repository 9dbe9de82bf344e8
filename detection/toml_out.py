"""An analysis as the kyozo.toml that would give the same answer, for a person to keep and edit."""

from typing import TYPE_CHECKING

from detection.model import Analysis, DetectedService

if TYPE_CHECKING:
    from tomlkit.items import Table


def write_toml(analysis: Analysis) -> str:
    """Top-level keys for the main service alone, one table a service for several."""
    import tomlkit  # noqa: PLC0415 - slow to import, and whoever only looks needs none

    document = tomlkit.document()
    document.add(tomlkit.comment("What Kyozo found here. What you change wins over detection."))
    built = [service for service in analysis.services if service.image is None]
    if len(built) == 1 and built[0].path == ".":
        for key, value in _keys(built[0]):
            document.add(key, value)
        return tomlkit.dumps(document)
    services = tomlkit.table(is_super_table=True)
    for service in built:
        services.add(service.name, _filled(tomlkit.table(), service))
    if built:
        document.add("services", services)
    return tomlkit.dumps(document)


def _filled(table: "Table", service: DetectedService) -> "Table":
    table.add("path", service.path)
    for key, value in _keys(service):
        table.add(key, value)
    return table


def _keys(service: DetectedService) -> list[tuple[str, str | int]]:
    """Only what was found: an absent key leaves the decision to detection."""
    written: list[tuple[str, str | int | None]] = [
        ("type", service.service_type if service.service_type != "unknown" else None),
        ("process", service.process if service.process != "web" else None),
        ("dockerfile", service.dockerfile_path),
    ]
    if service.dockerfile_path is None:
        written += [
            ("version", service.language_version),
            ("install", service.install_command),
            ("build", service.build_command),
            ("start", service.start_command),
            ("output", service.output_directory),
        ]
    written += [("port", service.port or 0), ("health", service.health_endpoint)]
    return [(key, value) for key, value in written if value is not None]
