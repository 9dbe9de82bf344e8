"""An analysis in the seed's words: patterns, service graph, recommendations."""

from typing import Any

from services.models import Analysis
from services.models.times import iso

KEPT = ("deployment_strategy", "confidence_scores", "file_indicators", "warnings", "reason")
DEFAULT_LIMITS = {"memory_mb": 512, "cpu_cores": 1}


def analysis_json(analysis: Analysis) -> dict[str, Any]:
    """`services` and `databases` are detection's rows with all evidence; the rest is the seed's."""
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
        "recommended_services": [_recommended(row) for row in services],
        **{name: found.get(name) for name in KEPT},
        "total_services_detected": len(services),
        "services": services,
        "databases": databases,
    }


def _node(row: dict[str, Any], folder: str) -> dict[str, Any]:
    return {
        "id": row["name"],
        "name": row["name"],
        "type": row["service_type"],
        "port": row["port"],
        "file_path": _joined(folder, row["path"]),
        "confidence": row["confidence"],
    }


def _database_node(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["name"],
        "name": row["name"],
        "type": "database",
        "port": row["port"],
        "file_path": None,
        "confidence": 1.0 if row["declared"] else 0.5,
    }


def _recommended(row: dict[str, Any]) -> dict[str, Any]:
    port = row["port"]
    known = {v["name"]: v["default"] for v in row["environment"] if v["default"] is not None}
    return {
        "service_name": row["name"],
        "service_type": row["service_type"],
        "confidence": row["confidence"],
        "port_mappings": {str(port): {"host_port": None, "protocol": "tcp"}} if port else {},
        "environment_variables": known,
        "resource_limits": DEFAULT_LIMITS,
        "health_check": _health_check(row),
        "dockerfile_content": row.get("dockerfile_content"),
    }


def _health_check(row: dict[str, Any]) -> dict[str, Any]:
    if row["health_command"]:
        kind = {"type": "command", "command": row["health_command"]["test"]}
    elif row["process"] == "web" and row["port"]:
        kind = {"type": "http", "endpoint": row["health_endpoint"] or "/"}
    else:
        return {"enabled": False}
    return {"enabled": True, **kind, "interval_seconds": 30}


def _joined(folder: str, path: str) -> str:
    parts = [part for part in f"{folder}/{path}".split("/") if part not in {"", "."}]
    return "/" + "/".join(parts)
