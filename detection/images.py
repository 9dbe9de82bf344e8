"""What a ready image is: a database of some kind, or just an image."""

import re
from dataclasses import dataclass

from detection.model import ClusterType


@dataclass(frozen=True, slots=True)
class DatabaseKind:
    """`images` are patterns for the image's name without registry; `drivers` are dependencies."""

    kind: str
    images: str
    port: int
    cluster: ClusterType = "database"
    drivers: frozenset[str] = frozenset()
    schemes: tuple[str, ...] = ()
    variables: str = ""
    licence: str = ""
    """What starting it means, where a setting says that somebody agrees to it."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DATABASES = (
    DatabaseKind(
        "postgresql",
        r"postgres(?:ql)?|postgis|timescaledb(?:-ha)?|pgvector|supabase-postgres"
        r"|spilo(?:-\d+)?|cockroach(?:db)?",
        5432,
        drivers=_words(
            "psycopg2 psycopg2-binary psycopg asyncpg pg postgres pg-promise lib/pq pgx"
            " tokio-postgres postgresql org.postgresql"
        ),
        schemes=("postgres", "postgresql"),
        variables=r"^(?:POSTGRES|PG[A-Z]|DATABASE_URL)",
    ),
    DatabaseKind(
        "mariadb",
        r"mariadb(?:-galera)?",
        3306,
        drivers=_words("mariadb"),
        schemes=("mariadb",),
        variables=r"^MARIADB",
    ),
    DatabaseKind(
        "mysql",
        r"mysql(?:-server)?|percona(?:-server)?",
        3306,
        drivers=_words(
            "mysql mysql2 mysqlclient pymysql mysql-connector-python aiomysql"
            " go-sql-driver/mysql com.mysql"
        ),
        schemes=("mysql", "mysql2"),
        variables=r"^MYSQL",
    ),
    DatabaseKind(
        "sqlserver",
        r"mssql(?:-server\S*)?|azure-sql-edge|(?:mssql/)?server",
        1433,
        drivers=_words("mssql tedious pymssql com.microsoft.sqlserver"),
        schemes=("mssql", "sqlserver"),
        variables=r"^MSSQL",
        licence="started with ACCEPT_EULA=Y, which accepts Microsoft's licence for SQL Server",
    ),
    DatabaseKind(
        "mongodb",
        r"mongo(?:db)?(?:-community-server)?",
        27017,
        drivers=_words("pymongo motor mongodb mongoose mongoid go.mongodb.org/mongo-driver"),
        schemes=("mongodb", "mongodb+srv"),
        variables=r"^MONGO",
    ),
    DatabaseKind(
        "valkey",
        r"valkey(?:-cluster)?",
        6379,
        "cache",
        schemes=("valkey",),
        variables=r"^VALKEY",
    ),
    DatabaseKind(
        "redis",
        r"redis(?:mod|-stack(?:-server)?)?|keydb|dragonfly",
        6379,
        "cache",
        drivers=_words("redis ioredis aioredis django-redis bullmq bull sidekiq predis/predis"),
        schemes=("redis", "rediss"),
        variables=r"^REDIS",
    ),
    DatabaseKind(
        "memcached",
        r"memcached",
        11211,
        "cache",
        drivers=_words("pymemcache python-memcached memjs dalli"),
        variables=r"^MEMCACHE",
    ),
    DatabaseKind(
        "elasticsearch",
        r"elasticsearch",
        9200,
        drivers=_words("elasticsearch @elastic/elasticsearch"),
        variables=r"^ELASTIC",
    ),
    DatabaseKind(
        "opensearch", r"opensearch", 9200, drivers=_words("opensearch-py"), variables=r"^OPENSEARCH"
    ),
    DatabaseKind(
        "rabbitmq",
        r"rabbitmq",
        5672,
        "queue",
        drivers=_words("pika aio-pika amqplib bunny"),
        schemes=("amqp", "amqps"),
        variables=r"^(?:RABBITMQ|AMQP)",
    ),
    DatabaseKind(
        "kafka",
        r"(?:cp-)?kafka(?:-native)?|redpanda",
        9092,
        "queue",
        drivers=_words("kafka-python aiokafka kafkajs confluent-kafka"),
        schemes=("kafka",),
        variables=r"^KAFKA",
    ),
    DatabaseKind(
        "cassandra",
        r"cassandra|scylla",
        9042,
        drivers=_words("cassandra-driver"),
        variables=r"^CASSANDRA",
    ),
    DatabaseKind(
        "clickhouse",
        r"clickhouse(?:-server)?",
        8123,
        drivers=_words("clickhouse-connect clickhouse-driver @clickhouse/client"),
        schemes=("clickhouse",),
        variables=r"^CLICKHOUSE",
    ),
    DatabaseKind("minio", r"minio", 9000, drivers=_words("minio"), variables=r"^MINIO"),
    DatabaseKind(
        "neo4j",
        r"neo4j",
        7687,
        drivers=_words("neo4j neo4j-driver"),
        schemes=("neo4j", "bolt"),
        variables=r"^NEO4J",
    ),
)
KIND = {row.kind: row for row in DATABASES}


def image_name(image: str) -> str:
    """The last part of an image's name, without registry, tag and digest."""
    return image.split("@", maxsplit=1)[0].rpartition("/")[2].split(":")[0].lower()


def image_version(image: str) -> str | None:
    """The version a tag carries: 16 of postgres:16-alpine; nothing for latest."""
    tag = image.split("@", maxsplit=1)[0].rpartition("/")[2].partition(":")[2]
    match = re.match(r"v?(\d+(?:\.\d+)*)", tag)
    return match[1] if match else None


def database_of(image: str) -> DatabaseKind | None:
    """The kind of database an image is; tools that only talk to one are not."""
    name = image_name(image)
    whole = image.split("@", maxsplit=1)[0].rpartition(":")[0] or image
    if name == "server" and "mssql" not in whole:
        return None
    return next((row for row in DATABASES if re.fullmatch(row.images, name)), None)
