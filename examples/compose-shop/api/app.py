"""Counts visits in PostgreSQL; the table is made on the first request that needs it."""

import os

import psycopg
from flask import Flask

TABLE = "CREATE TABLE IF NOT EXISTS visits (page text PRIMARY KEY, n bigint NOT NULL)"
COUNT = (
    "INSERT INTO visits VALUES (%s, 1) "
    "ON CONFLICT (page) DO UPDATE SET n = visits.n + 1 RETURNING n"
)

app = Flask(__name__)


@app.get("/")
def index() -> dict[str, object]:
    with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=3) as connection:
        connection.execute(TABLE)
        row = connection.execute(COUNT, ["/"]).fetchone()
    return {"app": "shop api", "visits": row[0] if row else 0}


@app.get("/health")
def health() -> dict[str, str]:
    with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=3) as connection:
        connection.execute("SELECT 1")
    return {"status": "ok"}
