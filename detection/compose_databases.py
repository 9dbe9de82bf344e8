"""How a compose file runs a database that nobody declared: image, first settings, data, health."""

from dataclasses import dataclass, field

from detection.images import KIND
from detection.model import DetectedDatabase

# Compose puts a value of the shell or of .env in its place.
SECRET = "${DATABASE_PASSWORD:-change-me}"  # noqa: S105 - a name, and what says to change it
# SQL Server ends at once without eight characters of three kinds.
COMPLEX = "${DATABASE_PASSWORD:-Change-me-1}"


@dataclass(frozen=True, slots=True)
class Recipe:
    """`data` is the folder that has to outlive the container; `ready` fails until it answers."""

    image: str
    data: str = ""
    ready: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    database: str = ""
    secret: str = SECRET


_MYSQL = "/var/lib/mysql"
RECIPES = {
    "postgresql": Recipe(
        "postgres:17",
        "/var/lib/postgresql/data",
        "pg_isready -U postgres",
        {"POSTGRES_PASSWORD": SECRET},
        user="postgres",
        database="postgres",
    ),
    "mysql": Recipe(
        "mysql:8.4",
        _MYSQL,
        "mysqladmin ping -h 127.0.0.1 --silent",
        {"MYSQL_ROOT_PASSWORD": SECRET, "MYSQL_DATABASE": "app"},
        user="root",
        database="app",
    ),
    "mariadb": Recipe(
        "mariadb:11.4",
        _MYSQL,
        "healthcheck.sh --connect --innodb_initialized",
        {"MARIADB_ROOT_PASSWORD": SECRET, "MARIADB_DATABASE": "app"},
        user="root",
        database="app",
    ),
    "sqlserver": Recipe(
        "mcr.microsoft.com/mssql/server:2022-latest",
        "/var/opt/mssql",
        environment={"MSSQL_SA_PASSWORD": COMPLEX, "ACCEPT_EULA": "Y"},
        user="sa",
        secret=COMPLEX,
    ),
    "mongodb": Recipe("mongo:7", "/data/db", "mongosh --quiet --eval 'db.runCommand(\"ping\")'"),
    "redis": Recipe("redis:7", "/data", "redis-cli ping"),
    "valkey": Recipe("valkey/valkey:8", "/data", "valkey-cli ping"),
    "memcached": Recipe("memcached:1.6"),
    "rabbitmq": Recipe("rabbitmq:4", "/var/lib/rabbitmq", "rabbitmq-diagnostics -q ping"),
    "elasticsearch": Recipe(
        "elasticsearch:8.17.0",
        "/usr/share/elasticsearch/data",
        environment={"discovery.type": "single-node", "xpack.security.enabled": "false"},
    ),
    "opensearch": Recipe(
        "opensearchproject/opensearch:2",
        "/usr/share/opensearch/data",
        environment={"discovery.type": "single-node", "DISABLE_SECURITY_PLUGIN": "true"},
    ),
    "kafka": Recipe("apache/kafka:3.9.0"),
    "cassandra": Recipe("cassandra:5", "/var/lib/cassandra"),
    "clickhouse": Recipe("clickhouse/clickhouse-server:25.3", "/var/lib/clickhouse"),
    "minio": Recipe("minio/minio:latest", "/data"),
    "neo4j": Recipe("neo4j:5", "/data", environment={"NEO4J_AUTH": f"neo4j/{SECRET}"}),
}
_COMMANDS = {"minio": ["server", "/data"]}


def proposed(database: DetectedDatabase) -> dict[str, object]:
    """A compose service; the version that a file for another platform asks for is kept."""
    recipe = RECIPES.get(database.kind, Recipe(database.kind))
    name, _, tag = recipe.image.partition(":")
    ready = {"test": ["CMD-SHELL", recipe.ready], "interval": "5s", "timeout": "5s", "retries": 12}
    written: dict[str, object] = {
        "image": f"{name}:{database.version or tag}",
        "command": _COMMANDS.get(database.kind, []),
        "environment": dict(recipe.environment),
        "volumes": [f"{volume}:{recipe.data}" for volume in data_volumes(database)],
        "healthcheck": ready if recipe.ready else {},
        "restart": "unless-stopped",
    }
    return {key: value for key, value in written.items() if value}


def data_volumes(database: DetectedDatabase) -> list[str]:
    recipe = RECIPES.get(database.kind)
    return [f"{database.name}-data"] if recipe and recipe.data and not database.declared else []


def setting(variable: str, database: DetectedDatabase) -> str | None:
    """What a variable of an application that asks for this database should hold, by its name."""
    recipe = RECIPES.get(database.kind)
    if recipe is None:
        return None
    known = {
        ("URL", "URI", "DSN"): _address(database, recipe),
        ("HOST", "SERVER"): database.name,
        ("PORT",): str(database.port or ""),
        ("USER", "USERNAME"): recipe.user,
        ("PASSWORD", "PASS"): recipe.secret if recipe.user else "",
        ("DATABASE", "DB", "DBNAME", "NAME"): recipe.database,
    }
    return next((text for ends, text in known.items() if variable.endswith(ends) and text), None)


def _address(database: DetectedDatabase, recipe: Recipe) -> str:
    row = KIND[database.kind]
    who = f"{recipe.user}:{recipe.secret}@" if recipe.user else ""
    scheme = row.schemes[-1] if database.kind == "postgresql" else (row.schemes or ("tcp",))[0]
    path = f"/{recipe.database}" if recipe.database else ""
    return f"{scheme}://{who}{database.name}:{database.port}{path}"
