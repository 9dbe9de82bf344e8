import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ["SECRET_KEY"]
DATABASE_URL = os.environ.get("DATABASE_URL", "sqlite:///db.sqlite3")
POOL_SIZE = int(os.environ["POOL_SIZE"])
STATIC_ROOT = BASE_DIR / "static"
WSGI_APPLICATION = "site_.wsgi.application"
