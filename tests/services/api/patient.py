"""The settings with patience for Redis: on a busy machine it is not away if it takes a second."""

from kyozo.settings import *  # noqa: F403 - settings are one module
from kyozo.settings import CACHES

CACHES["default"]["OPTIONS"] = {"socket_timeout": 10, "socket_connect_timeout": 10}
