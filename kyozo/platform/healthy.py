"""`python -m kyozo.platform.healthy PART`: 0 when that part of this container can do its work.

It runs every few seconds beside each part, so it loads next to nothing.
"""

import sys
import urllib.error
import urllib.request

from kyozo import env
from kyozo.platform import pulse

PARTS = ("web", "lifecycle", "builds", "clock", "router")
TIMEOUT_S = 4


def is_healthy(part: str) -> bool:
    if part == "web":
        return answers(f"http://127.0.0.1:{env.integer('KYOZO_PORT', 7070)}/api/v1/health/live")
    if part == "router":
        return answers(f"http://127.0.0.1:{env.integer('KYOZO_ROUTER_API_PORT', 7081)}/ping")
    return pulse.is_alive(part)


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT_S) as answer:
            return int(answer.status) == 200
    except (OSError, ValueError):
        return False


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in PARTS:
        print(f"which part? one of {', '.join(PARTS)}", file=sys.stderr)  # noqa: T201
        return 2
    return 0 if is_healthy(arguments[0]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
