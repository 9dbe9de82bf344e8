"""An analysis in the seed's words: patterns, service graph, recommendations."""

from typing import Annotated, TypedDict

from detection.model import (
    Cluster,
    DetectedDatabase,
    DetectedService,
    Edge,
    Evidence,
    FileIndicator,
    Patterns,
    Strategy,
)
from services.api.answers import Id, Instant, Json, Share
from services.lifecycle.connections import HIDDEN
from services.models import Analysis
from services.models.config import HEALTH_CHECK, PORT_MAPPINGS, RESOURCE_LIMITS
from services.models.times import iso

DEFAULT_LIMITS = {"memory_mb": 512, "cpu_cores": 1}


class NodeJson(TypedDict):
    id: str
    name: str
    type: str
    port: int | None
    file_path: str | None
    confidence: Share


class ServiceGraphJson(TypedDict):
    nodes: list[NodeJson]
    edges: list[Edge]
    clusters: list[Cluster]


class ConnectionJson(TypedDict):
    """A variable that leads to another service of the folder, unless somebody set it."""

    variable: str
    target: str
    value: Annotated[str | None, "Without the password; null where it lies in a file."]
    evidence: list[Evidence]


class RecommendedServiceJson(TypedDict):
    service_name: str
    service_type: str
    confidence: Share
    port_mappings: Annotated[Json, PORT_MAPPINGS]
    environment_variables: dict[str, str]
    connections: list[ConnectionJson]
    resource_limits: Annotated[Json, RESOURCE_LIMITS]
    health_check: Annotated[Json, HEALTH_CHECK]
    dockerfile_content: Annotated[str | None, "Null where it builds in another way."]
    is_optional: Annotated[bool, "A database that is deployed only where it is asked for."]


class AnalysisJson(TypedDict):
    """`services` and `databases` have all evidence; the rest is their short form."""

    id: Id
    workspace_id: Id
    folder_path: str
    detection_timestamp: Instant
    detected_patterns: Patterns
    service_graph: ServiceGraphJson
    recommended_services: list[RecommendedServiceJson]
    deployment_strategy: Strategy
    confidence_scores: dict[str, float]
    file_indicators: list[FileIndicator]
    warnings: list[str]
    reason: str | None
    total_services_detected: int
    services: list[DetectedService]
    databases: list[DetectedDatabase]


def analysis_json(analysis: Analysis) -> AnalysisJson:
    found = analysis.result
    services, databases = found.get("services", []), found.get("databases", [])
    return {
        "id": str(analysis.id),
        "workspace_id": str(analysis.workspace_id),
        "folder_path": analysis.folder_path,
        "detection_timestamp": iso(analysis.detection_timestamp),
        "detected_patterns": found.get("patterns", {}),
        "service_graph": {
            "nodes": [_node(row, analysis.folder_path) for row in services]
            + [_database_node(row) for row in databases],
            "edges": found.get("edges", []),
            "clusters": found.get("clusters", []),
        },
        "recommended_services": [
            *(_recommended(row) for row in services),
            *(_recommended(row, is_optional=True) for row in found.get("offered_databases", [])),
        ],
        "deployment_strategy": found.get("deployment_strategy", "none"),
        "confidence_scores": found.get("confidence_scores", {}),
        "file_indicators": found.get("file_indicators", []),
        "warnings": found.get("warnings", []),
        "reason": found.get("reason"),
        "total_services_detected": len(services),
        "services": services,
        "databases": databases,
    }


def _node(row: Json, folder: str) -> NodeJson:
    return {
        "id": row["name"],
        "name": row["name"],
        "type": row["service_type"],
        "port": row["port"],
        "file_path": _joined(folder, row["path"]),
        "confidence": row["confidence"],
    }


def _database_node(row: Json) -> NodeJson:
    return {
        "id": row["name"],
        "name": row["name"],
        "type": "database",
        "port": row["port"],
        "file_path": None,
        "confidence": 1.0 if row["declared"] else 0.5,
    }


def _recommended(row: Json, *, is_optional: bool = False) -> RecommendedServiceJson:
    port = row["port"]
    known = {v["name"]: v["default"] for v in row["environment"] if v["default"] is not None}
    return {
        "service_name": row["name"],
        "service_type": row["service_type"],
        "confidence": row["confidence"],
        "port_mappings": {str(port): {"host_port": None, "protocol": "tcp"}} if port else {},
        "environment_variables": known | _without_secrets(row),
        "connections": [_connection(one) for one in row.get("connections", ())],
        "resource_limits": DEFAULT_LIMITS,
        "health_check": _health_check(row),
        "dockerfile_content": row.get("dockerfile_content"),
        "is_optional": is_optional,
    }


def _connection(row: Json) -> ConnectionJson:
    return {
        "variable": row["variable"],
        "target": row["target"],
        "value": row["value"],
        "evidence": row["evidence"],
    }


def _without_secrets(row: Json) -> dict[str, str]:
    """What edges give, as far as it can be set by hand like this."""
    given = {one["variable"]: one["value"] for one in row.get("connections", ())}
    return {name: value for name, value in given.items() if value and HIDDEN not in value}


def _health_check(row: Json) -> Json:
    if row["health_command"]:
        kind: Json = {"type": "command", "command": row["health_command"]["test"]}
    elif row["process"] == "web" and row["port"]:
        kind = {"type": "http", "endpoint": row["health_endpoint"] or "/"}
    else:
        return {"enabled": False}
    return {"enabled": True, **kind, "interval_seconds": 30}


def _joined(folder: str, path: str) -> str:
    parts = [part for part in f"{folder}/{path}".split("/") if part not in {"", "."}]
    return "/" + "/".join(parts)
