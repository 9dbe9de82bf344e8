"""`python -m kyozo.platform.router`: becomes Traefik, which reads its routes from a shared file.

It needs no secret, so it gets none and reads no settings but where to listen.
"""

import os
import sys
import tempfile
from pathlib import Path

from kyozo import env
from services.errors import KyozoError
from services.routing.external import NAME
from services.routing.files import write_json
from services.routing.launch import CONFIG_OPTION, ROUTES, binary
from services.routing.settings import RouterSettings
from services.routing.traefik_config import Listener, static_config


def command() -> list[str]:
    """What is run: the program and its one option. Writes the file that the option names."""
    low, high = env.port_range("KYOZO_HTTP_PORTS", "8080-8179")
    home = Path(env.text("KYOZO_HOME", "~/.local/share/kyozo")).expanduser()
    settings = RouterSettings(
        state_dir=home / "router",
        host_ip=env.text("KYOZO_HOST_IP", "127.0.0.1"),
        web_port=env.integer("KYOZO_ROUTER_PORT", 7080),
        http_ports=tuple(range(low, high + 1)),
    )
    config = static_config(
        settings,
        Listener(settings.web_port, settings.http_ports),
        api_port=env.integer("KYOZO_ROUTER_API_PORT", 7081),
        routes=settings.state_dir / NAME / ROUTES,
    )
    folder = Path(tempfile.mkdtemp(prefix="kyozo-router-"))
    (folder / "config").mkdir()
    static = folder / "config" / "static.yml"
    write_json(static, config)
    return [str(binary(settings)), f"{CONFIG_OPTION}{static}"]


def main() -> int:
    try:
        argv = command()
    except (KyozoError, env.SettingError) as exc:
        print(exc, file=sys.stderr)  # noqa: T201
        return 2
    return os.execv(argv[0], argv)  # noqa: S606 - by an argument list


if __name__ == "__main__":
    sys.exit(main())
