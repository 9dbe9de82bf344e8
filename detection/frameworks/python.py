"""Python frameworks: how each is recognised, created and started. Rows are data, nothing else."""

from dataclasses import dataclass
from typing import Literal

Interface = Literal["asgi", "wsgi", "django", "command", "script"]


@dataclass(frozen=True, slots=True)
class PythonFramework:
    """`constructors` make an application object; `command` starts a script with {file} in it."""

    name: str
    distributions: tuple[str, ...]
    interface: Interface
    constructors: tuple[str, ...] = ()
    port: int = 8000
    command: str | None = None
    rank: int = 50


# A higher rank wins where several are installed: FastAPI brings Starlette, Gradio brings FastAPI.
PYTHON_FRAMEWORKS = (
    PythonFramework("django", ("django",), "django", rank=90),
    PythonFramework("fastapi", ("fastapi",), "asgi", ("FastAPI",), rank=80),
    PythonFramework("flask", ("flask",), "wsgi", ("Flask", "APIFlask", "OpenAPI"), rank=78),
    PythonFramework("fasthtml", ("python-fasthtml",), "asgi", ("FastHTML", "fast_app"), rank=85),
    PythonFramework("litestar", ("litestar",), "asgi", ("Litestar",), rank=76),
    PythonFramework("sanic", ("sanic",), "asgi", ("Sanic",), rank=75),
    PythonFramework("quart", ("quart",), "asgi", ("Quart",), rank=79),
    PythonFramework("falcon", ("falcon",), "wsgi", ("App", "API"), rank=60),
    PythonFramework("blacksheep", ("blacksheep",), "asgi", ("Application",), rank=74),
    PythonFramework("starlette", ("starlette",), "asgi", ("Starlette",), rank=70),
    PythonFramework("bottle", ("bottle",), "wsgi", ("Bottle", "default_app"), rank=60),
    PythonFramework("pyramid", ("pyramid",), "wsgi", rank=60),
    PythonFramework("dash", ("dash",), "wsgi", ("Dash",), port=8050, rank=82),
    PythonFramework("aiohttp", ("aiohttp",), "script", ("Application",), port=8080, rank=30),
    PythonFramework("tornado", ("tornado",), "script", ("Application",), port=8888, rank=30),
    PythonFramework("nicegui", ("nicegui",), "script", port=8080, rank=84),
    PythonFramework(
        "streamlit",
        ("streamlit",),
        "command",
        port=8501,
        command="streamlit run {file} --server.address 0.0.0.0 --server.port $PORT"
        " --server.headless true",
        rank=86,
    ),
    PythonFramework(
        "gradio",
        ("gradio",),
        "script",
        ("Interface", "Blocks"),
        port=7860,
        command="GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=$PORT python {file}",
        rank=84,
    ),
    PythonFramework(
        "chainlit",
        ("chainlit",),
        "command",
        command="chainlit run {file} --host 0.0.0.0 --port $PORT --headless",
        rank=86,
    ),
    PythonFramework("celery", ("celery",), "script", ("Celery",), rank=10),
)

# Applications that no framework makes.
BARE = {
    "wsgi": PythonFramework("wsgi", (), "wsgi"),
    "asgi": PythonFramework("asgi", (), "asgi"),
}

# What `import x` installs, where the two names differ.
IMPORT_TO_DISTRIBUTION = {
    "PIL": "pillow",
    "MySQLdb": "mysqlclient",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "discord": "discord.py",
    "dotenv": "python-dotenv",
    "fasthtml": "python-fasthtml",
    "flask_cors": "flask-cors",
    "flask_sqlalchemy": "flask-sqlalchemy",
    "git": "gitpython",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "socketio": "python-socketio",
    "telegram": "python-telegram-bot",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}

# gcc alone brings no C library to compile against, and a distribution's Python no headers.
_COMPILER = ("gcc", "libc6-dev", "python3-dev")

# Debian packages that a distribution needs to be compiled, or to run.
SYSTEM_PACKAGES = {
    "mysqlclient": ("default-libmysqlclient-dev", "pkg-config", *_COMPILER),
    "psycopg2": ("libpq-dev", *_COMPILER),
    "psycopg": ("libpq5",),
    "pycairo": ("libcairo2-dev", "pkg-config", *_COMPILER),
    "pygraphviz": ("libgraphviz-dev", "graphviz", *_COMPILER),
    "python-ldap": ("libldap2-dev", "libsasl2-dev", *_COMPILER),
    "netifaces": _COMPILER,
    "pymssql": ("freetds-dev", *_COMPILER),
    "uwsgi": _COMPILER,
    "gdal": ("libgdal-dev", "g++", *_COMPILER),
    "cairosvg": ("libcairo2",),
    "graphviz": ("graphviz",),
    "opencv-python": ("libgl1", "libglib2.0-0"),
    "pdf2image": ("poppler-utils",),
    "pydub": ("ffmpeg",),
    "pyodbc": ("unixodbc",),
    "pytesseract": ("tesseract-ocr",),
    "python-magic": ("libmagic1",),
    "pyzbar": ("libzbar0",),
    "weasyprint": ("libpango-1.0-0", "libpangoft2-1.0-0"),
}
