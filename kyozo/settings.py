"""All settings, typed: the only file that reads the environment. docs/settings.md lists them."""

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url

from kyozo import env
from kyozo.machine.engine_install import is_ours
from kyozo.platform.version import version

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(env.text("KYOZO_HOME", "~/.local/share/kyozo")).expanduser()

SECRET_KEY = env.secret("KYOZO_SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env.words("KYOZO_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],.localhost")
PUBLIC_URL = env.origin("KYOZO_PUBLIC_URL")
IS_BEHIND_TLS = PUBLIC_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = env.words("KYOZO_TRUSTED_ORIGINS") + ([PUBLIC_URL] if IS_BEHIND_TLS else [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "services.teams",
    "services",
]
MIDDLEWARE = [
    "services.api.middleware.request_id",
    "services.api.limits.rate_limit",
    "services.api.refused.refused_body",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# Pages of other origins may use the API, with tokens only: no cookie goes along. It stands before
# the rate limit: browsers ask first without a token, and show a page no 429 without these headers.
CORS_ALLOWED_ORIGINS = env.origins("KYOZO_CORS_ORIGINS")
CORS_ALLOW_CREDENTIALS = False
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_HEADERS = (
    *("authorization", "content-type", "idempotency-key", "if-match", "x-api-key", "x-team-id"),
)
CORS_EXPOSE_HEADERS = (
    *("ETag", "Idempotency-Replayed", "Link", "Retry-After", "X-RateLimit-Limit"),
    *("X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-ID"),
)
if CORS_ALLOWED_ORIGINS:
    MIDDLEWARE.insert(1, "corsheaders.middleware.CorsMiddleware")
ROOT_URLCONF = "kyozo.urls"
ASGI_APPLICATION = "kyozo.asgi.application"
WSGI_APPLICATION = "kyozo.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "services" / room / "static" for room in ("dashboard", "api")]
WHITENOISE_USE_FINDERS = True
USE_TZ = True
TIME_ZONE = "UTC"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_HANDLERS = ["services.api.parsing.NoFiles"]
SESSION_ENGINE = "services.teams.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = env.boolean("KYOZO_SECURE_COOKIES", default=IS_BEHIND_TLS)
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
CSRF_FAILURE_VIEW = "services.dashboard.views.csrf_failed"
CSRF_HEADER_NAME = "HTTP_X_CSRF_TOKEN"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"


LEASE_S = env.number("KYOZO_LEASE_S", 30)


def _database() -> dict[str, Any]:
    """SQLite as it must be for ten writers, or PostgreSQL through a pool.

    Without IMMEDIATE transactions two writers that read first fail with "database is locked";
    a pool and a persistent connection exclude each other in Django.
    """
    url = env.text("DATABASE_URL")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "kyozo.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 10,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    if config["ENGINE"].endswith("postgresql"):
        size = env.integer("KYOZO_DATABASE_POOL", 16)
        config["OPTIONS"] = config.get("OPTIONS", {}) | {
            "pool": {"min_size": 1, "max_size": size, "timeout": 10},
            # A worker that stands still in a transaction keeps rows locked no longer than a claim.
            "options": f"-c idle_in_transaction_session_timeout={round(LEASE_S * 1000)}",
        }
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "services.teams.authentication.TokenAuthentication",
        "services.teams.authentication.DashboardAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["services.teams.permissions.TeamPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["services.api.parsing.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "services.api.parsing.AlwaysJson",
    "EXCEPTION_HANDLER": "services.api.errors.answer",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "services.api.openapi.inspector.Inspector",
}
# The version is the wire format's: what runs here is nobody's business who is not signed in.
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Kyozo Container Services API",
    "DESCRIPTION": "Folders as services: detect, build, deploy, watch and manage containers.",
    "VERSION": "1",
    "SERVERS": [{"url": "/"}],
    "SORT_OPERATIONS": False,
    "PATH_CONVERTER_OVERRIDES": {
        "key": {"type": "string", "format": "uuid"},
        "user": {"type": "integer", "minimum": 1},
        "int": {"type": "integer", "minimum": 0},
    },
    "POSTPROCESSING_HOOKS": [],
}

_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATION}UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}CommonPasswordValidator"},
]

BROKER_URL = env.text("KYOZO_BROKER_URL", "memory://")
REDIS_URL = BROKER_URL if BROKER_URL.startswith(("redis://", "rediss://")) else ""
LOCAL_CACHE: dict[str, Any] = {
    "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
    "OPTIONS": {"MAX_ENTRIES": 100_000},
}
# Requests are counted here: together through Redis, else by each process for itself.
CACHES: dict[str, Any] = {
    "local": LOCAL_CACHE,
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
    if REDIS_URL
    else LOCAL_CACHE,
}

CELERY: dict[str, Any] = {
    "broker_url": BROKER_URL,
    # A second between polls is kombu's default and would be the delay of every click.
    # A broker that is away must cost a request nothing: the queue is looked at without it, too.
    "broker_transport_options": {"polling_interval": 0.02}
    if BROKER_URL == "memory://"
    else {"max_retries": 1, "interval_start": 0, "interval_step": 0.1},
    "broker_connection_retry_on_startup": True,
    # Celery closes the database around each task: right for a pool, half of a tick for SQLite.
    "CELERY_DB_REUSE_MAX": None if env.text("DATABASE_URL") else 10_000,
    "task_ignore_result": True,
    "task_default_queue": "lifecycle",
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "timezone": "UTC",
}

LOG_FORMAT = env.one_of("KYOZO_LOG_FORMAT", "line", "json")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {"()": "services.log_lines.JsonLines"},
    },
    "filters": {"links": {"()": "services.log_lines.HiddenLinks"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": env.text("KYOZO_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "django.request": {"filters": ["links"]},
        "django.security": {"filters": ["links"]},
        "django.security.csrf": {"filters": ["links"]},
    },
}

ENGINE_URL = env.text("KYOZO_ENGINE_URL") or env.text("DOCKER_HOST", "unix:///var/run/docker.sock")
KYOZO: dict[str, Any] = {
    "HOME": HOME,
    "REDIS_URL": REDIS_URL,
    "VERSION": version(),
    "MODE": "production" if env.text("DATABASE_URL") else "embedded",
    "ENCRYPTION_KEYS": env.words("KYOZO_ENCRYPTION_KEYS") or [SECRET_KEY],
    # Every label carries it: two installations on one engine never touch each other's containers.
    # By default from the secret key: the same in all processes of an installation, and in no other.
    "INSTALL": env.text("KYOZO_INSTALL")
    or hashlib.sha256(b"kyozo.install." + SECRET_KEY.encode()).hexdigest()[:12],
    "RUNTIME": env.text("KYOZO_RUNTIME", "docker"),
    "DESK": env.text("KYOZO_DESK", "/run/kyozo/desk"),
    "DESK_SECRET": env.text("KYOZO_DESK_SECRET"),
    "ROUTER": env.one_of("KYOZO_ROUTER", "own", "external"),
    "ROUTER_API_PORT": env.integer("KYOZO_ROUTER_API_PORT", 7081),
    "LOG_REQUESTS": LOG_FORMAT == "json",
    "ENGINE_URL": ENGINE_URL,
    "OWN_ENGINE": env.boolean("KYOZO_OWN_ENGINE", default=is_ours(ENGINE_URL, state_dir=HOME)),
    # Not to be set from outside: the fault tests have settings of their own, with barriers in it.
    "STEP_RECORDER": "services.lifecycle.steps.StepRecorder",
    "RATE_LIMITS": env.boolean("KYOZO_RATE_LIMITS", default=bool(env.text("DATABASE_URL"))),
    "BURST": env.integer("KYOZO_BURST", 200),
    "ANONYMOUS_LIMIT": env.integer("KYOZO_ANONYMOUS_LIMIT", 300),
    "ENGINE_TIMEOUT_S": env.number("KYOZO_ENGINE_TIMEOUT_S", 10),
    "PUBLIC_URL": PUBLIC_URL,
    "PROXY_ADDRESSES": env.networks("KYOZO_PROXY_ADDRESSES"),
    "PORT": env.integer("KYOZO_PORT", 7070),
    "OUTSIDE_PORT": env.integer("KYOZO_OUTSIDE_PORT", env.integer("KYOZO_PORT", 7070)),
    "ROUTER_PORT": env.integer("KYOZO_ROUTER_PORT", 7080),
    "HTTP_PORTS": env.port_range("KYOZO_HTTP_PORTS", "8080-8179"),
    "ROUTER_RETRIES": env.boolean("KYOZO_ROUTER_RETRIES", default=True),
    "HOST_IP": env.text("KYOZO_HOST_IP", "127.0.0.1"),
    "HOST_IPS": env.addresses("KYOZO_HOST_IPS"),
    "NETWORKS": env.text("KYOZO_NETWORKS", "10.208.0.0/12"),
    "FOLDER_ROOTS": [Path(p).expanduser() for p in env.words("KYOZO_FOLDER_ROOTS")],
    "ARCHIVE_MB": env.integer("KYOZO_ARCHIVE_MB", 512),
    "GIT_NETWORKS": env.networks("KYOZO_GIT_NETWORKS"),
    "GIT_CA_FILE": env.text("KYOZO_GIT_CA_FILE"),
    "GIT_S": env.number("KYOZO_GIT_S", 300),
    "GIT_MB": env.integer("KYOZO_GIT_MB", 2048),
    "IMAGE_MIRROR": env.text("KYOZO_IMAGE_MIRROR"),
    "REGISTRY_CONFIG": env.text("KYOZO_REGISTRY_CONFIG"),
    "IMAGE_SOURCE": env.text("KYOZO_IMAGE_SOURCE", "auto"),
    "BUILD_CONCURRENCY": env.integer("KYOZO_BUILD_CONCURRENCY", 2),
    "BUILD_MEMORY_MB": env.integer("KYOZO_BUILD_MEMORY_MB", 4096),
    "BUILD_CPUS": env.number("KYOZO_BUILD_CPUS", os.cpu_count() or 1),
    "WORKER_THREADS": env.integer("KYOZO_WORKER_THREADS", 16),
    "LEASE_S": LEASE_S,
    "LEASE_RENEW_S": env.number("KYOZO_LEASE_RENEW_S", 10),
    "SWEEP_S": env.number("KYOZO_SWEEP_S", 15),
    "QUEUE_POLL_S": env.number("KYOZO_QUEUE_POLL_S", 2),
    "ANALYSE_S": env.number("KYOZO_ANALYSE_S", 30),
    "DETECTION_MB": env.integer("KYOZO_DETECTION_MB", 1024),
    "BUILD_S": env.number("KYOZO_BUILD_S", 1200),
    "GATE_MAX_S": env.number("KYOZO_GATE_MAX_S", 300),
    "SETTLE_S": env.number("KYOZO_SETTLE_S", 5),
    "DRAIN_S": env.number("KYOZO_DRAIN_S", 30),
    "STOP_GRACE_S": env.integer("KYOZO_STOP_GRACE_S", 10),
    "STALE_AFTER_S": env.number("KYOZO_STALE_AFTER_S", 60),
    "ADDRESS_REST_S": env.number("KYOZO_ADDRESS_REST_S", 600),
    "CRASH_EXITS": env.integer("KYOZO_CRASH_EXITS", 5),
    "CRASH_WINDOW_S": env.number("KYOZO_CRASH_WINDOW_S", 300),
    "CRASH_PAUSE_S": env.number("KYOZO_CRASH_PAUSE_S", 10),
    "CRASH_PAUSE_MAX_S": env.number("KYOZO_CRASH_PAUSE_MAX_S", 300),
    "METRICS_S": env.number("KYOZO_METRICS_S", 30),
    "DISK_FULL_PERCENT": env.number("KYOZO_DISK_FULL_PERCENT", 90),
    "DISK_CLEAN_PERCENT": env.number("KYOZO_DISK_CLEAN_PERCENT", 80),
    "DISK_FREE_MB": env.integer("KYOZO_DISK_FREE_MB", 2048),
    "CLEAN_S": env.number("KYOZO_CLEAN_S", 3600),
    "KEEP_RELEASES": env.integer("KYOZO_KEEP_RELEASES", 5),
    "KEEP_PULLED_DAYS": env.number("KYOZO_KEEP_PULLED_DAYS", 30),
    "KEEP_CACHE_MB": env.integer("KYOZO_KEEP_CACHE_MB", 10240),
    "KEEP_SAMPLES_H": env.number("KYOZO_KEEP_SAMPLES_H", 24),
    "KEEP_EVENTS_DAYS": env.number("KYOZO_KEEP_EVENTS_DAYS", 90),
    "AUDIT_DAYS": env.number("KYOZO_AUDIT_DAYS", 365),
}
SIGN_IN_LINK_LIFE = timedelta(minutes=30)
