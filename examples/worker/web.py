from flask import Flask

app = Flask(__name__)


@app.get("/")
def index() -> str:
    return "The web half; the worker half writes to the log\n"


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
