"""Examples: the seed's where it has one. What is not said here is put together from its parts."""

from collections.abc import Mapping
from typing import Any

SERVICE, WORKSPACE, TEAM = (
    "01234567-89ab-cdef-0123-456789abcdef",
    "2b9e6d4a-7c55-4a0e-9c1d-5f7a3b8e1c22",
    "7d1f0a36-3c1b-4f6e-8a55-0e9b2c4d6f88",
)
AT = "2026-01-31T12:00:00.000Z"
SIGN_IN = "http://127.0.0.1:7070/sign-in/..."
PORTS = {"3000": {"host_port": 8080, "protocol": "tcp"}}
LIMITS = {"memory_mb": 512, "cpu_cores": 1}
DEPLOYMENT = {"dockerfile_path": "Dockerfile", "build_context": "./", "auto_deploy": True}
HEALTH = {
    "enabled": True,
    "type": "http",
    "endpoint": "/health",
    "interval_seconds": 30,
    "timeout_seconds": 5,
    "retries": 3,
}
REQUESTS: Mapping[str, Any] = {
    "createService": {
        "service": {
            "name": "my-new-service",
            "folder_path": "/app/backend-api",
            "service_type": "nodejs",
            "workspace_id": WORKSPACE,
            "deployment_config": DEPLOYMENT,
            "port_mappings": {"3000": {"host_port": 8081, "protocol": "tcp"}},
            "environment_variables": {"NODE_ENV": "production", "DATABASE_URL": "postgres://..."},
            "resource_limits": {"memory_mb": 1024, "cpu_cores": 2},
            "health_check_config": {
                "enabled": True,
                "type": "http",
                "endpoint": "/api/health",
                "port": 3000,
                "interval_seconds": 30,
            },
        }
    },
    "replaceServiceSettings": {
        "service": {
            "name": "updated-service-name",
            "environment_variables": {"NODE_ENV": "staging", "NEW_VARIABLE": "value"},
            "resource_limits": {"memory_mb": 2048, "cpu_cores": 4},
        }
    },
    "changeServiceSettings": {
        "service": {"environment_variables": {"NEW_VARIABLE": "value", "OLD_VARIABLE": None}}
    },
    "scaleService": {"replica_count": 3},
    "deployService": {"force": True},
    "rollBackService": {"release": 3},
    "changeVariables": {"variables": {"API_KEY": "..."}, "secret_variables": ["API_KEY"]},
    "registerFolder": {"workspace": {"folder": "/srv/app"}},
    "cloneRepository": {
        "workspace": {"url": "https://git.example/team/app.git", "ref": "main", "token": "..."}
    },
    "refreshRepository": {"ref": "main"},
    "createWorkspaceService": {
        "service": {
            "name": "auto-detected-service",
            "folder_path": "/app/microservice-a",
            "auto_deploy": True,
            "resource_limits": LIMITS,
        }
    },
    "analyzeWorkspace": {"folder_path": "/app"},
    "deployWorkspace": {"folder_path": "/app", "only": ["web-frontend"]},
    "createTeam": {"name": "Shop"},
    "renameTeam": {"name": "Shop"},
    "createToken": {"name": "ci", "scope": "deploy"},
    "changeMember": {"role": "developer"},
    "inviteMember": {"role": "developer", "email": "frida@example.com"},
    "acceptInvitation": {"token": "kyozo_invite_...", "username": "frida", "password": "..."},
    "mapImage": {"source": "node:22", "target": "registry.example/mirror/node:22"},
    "cleanUp": {"dry_run": True},
}
A_SERVICE: Mapping[str, Any] = {
    "id": SERVICE,
    "name": "my-web-app",
    "folder_path": "/app/web-frontend",
    "service_type": "nodejs",
    "process": "web",
    "detection_confidence": 0.95,
    "status": "running",
    "deployment_status": "Deployment successful",
    "health_status": "healthy",
    "container_id": "4f66ad9a0b2e",
    "image_id": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "release": 3,
    "deployment_config": DEPLOYMENT,
    "port_mappings": PORTS,
    "environment_variables": {"NODE_ENV": "production", "PORT": "3000"},
    "resource_limits": LIMITS,
    "health_check_config": HEALTH,
    "scaling_config": {
        "min_replicas": 1,
        "max_replicas": 5,
        "auto_scaling_enabled": False,
        "current_replicas": 1,
        "target_replicas": 1,
    },
    "warnings": [],
    "overrides": {},
    "volume_mounts": {},
}
# By the name of a component, the values of some of its fields.
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "Service": A_SERVICE,
    "ServiceDetail": A_SERVICE,
    "Url": {"url": "http://127.0.0.1:8080", "kind": "port"},
    "WorkspaceBrief": {"id": WORKSPACE, "name": "My Project", "storage_backend": "git"},
    "TeamBrief": {"id": TEAM, "name": "My Team"},
    "Team": {"id": TEAM, "name": "My Team", "slug": "my-team"},
    "Workspace": {"id": WORKSPACE, "name": "My Project", "storage_backend": "git", "folder": None},
    "Git": {"url": "https://git.example/team/app.git", "ref": "main", "commit": "9fceb02"},
    "EventBrief": {"duration_ms": 45000, "event_type": "deployment_completed"},
    "Event": {"duration_ms": 45000, "service_name": "my-web-app"},
    "HealthCheck": {
        "check_type": "http",
        "endpoint": "/health",
        "status": "healthy",
        "response_time_ms": 125,
        "status_code": 200,
    },
    "ServiceStatus": {
        "name": "my-web-app",
        "status": "running",
        "deployment_status": "Deployment successful",
        "current_replicas": 1,
        "target_replicas": 1,
    },
    "Port": {"container_port": 3000, "host_port": 8080, "protocol": "tcp"},
    "PortMapping": {"host_port": 8080, "protocol": "tcp"},
    "BriefUse": {"cpu_percent": 15.5, "memory_percent": 45.2, "memory_usage_mb": 231},
    "ResourceUse": {
        "cpu_percent": 15.5,
        "memory_percent": 45.2,
        "memory_usage_bytes": 242221056,
        "memory_limit_bytes": 536870912,
        "network_rx_bytes": 1048576,
        "network_tx_bytes": 2097152,
        "disk_read_bytes": 524288,
        "disk_write_bytes": 1048576,
        "uptime_seconds": 86400,
        "restart_count": 0,
    },
    "Metric": {"metric_type": "cpu_percent", "value": 15.5, "unit": "percent"},
    "Logs": {"logs": "2026-01-31T12:00:00Z [INFO] Server started on port 3000"},
    "Followed": {
        "time": "2026-01-31T12:00:00.123456789Z",
        "instance": "kyozo-my-web-app-1",
        "stream": "stdout",
        "line": "[INFO] Server started on port 3000",
        "cursor": "...",
    },
    "Line": {
        "at": "2026-01-31T12:00:00.123456789Z",
        "instance": "kyozo-my-web-app-1",
        "stream": "stdout",
        "text": "[INFO] Server started on port 3000",
    },
    "Patterns": {
        "languages": ["javascript", "python"],
        "frameworks": ["express", "flask"],
        "databases": ["postgresql", "redis"],
        "services": ["web", "api", "worker"],
    },
    "Node": {
        "id": "web-frontend",
        "name": "web-frontend",
        "type": "nodejs",
        "port": 3000,
        "file_path": "/app/frontend",
        "confidence": 0.95,
    },
    "Edge": {"from": "web-frontend", "to": "api-backend", "type": "connects_to", "port": 8000},
    "RecommendedService": {
        "service_name": "web-frontend",
        "service_type": "nodejs",
        "confidence": 0.95,
        "port_mappings": PORTS,
        "environment_variables": {"NODE_ENV": "production"},
        "resource_limits": LIMITS,
        "health_check": HEALTH,
        "dockerfile_content": "FROM node:22-alpine\nWORKDIR /app\n...",
    },
    "Analysis": {"folder_path": "/app", "deployment_strategy": "docker_compose"},
}
