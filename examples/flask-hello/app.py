import os
import platform

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index() -> str:
    name = os.environ.get("GREETED", "world")
    return f"Hello, {name}, from Flask on Python {platform.python_version()}\n"


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
