"""The port of an own Dockerfile that does not EXPOSE one."""

import re

from detection import values
from detection.dockerfile import Dockerfile
from detection.signs import port_in_command

_VARIABLES = (
    "PORT",
    "FLASK_RUN_PORT",
    "SERVER_PORT",
    "APP_PORT",
    "HTTP_PORT",
    "UVICORN_PORT",
    "ASPNETCORE_HTTP_PORTS",
    "ASPNETCORE_URLS",
    "GRADIO_SERVER_PORT",
    "STREAMLIT_SERVER_PORT",
)
# What a command listens on when it is not told otherwise.
_COMMANDS = (
    (r"\bng serve\b", 4200),
    (r"\bvue-cli-service serve\b|\bwebpack(?:-dev-server| serve)\b", 8080),
    (r"\bvite preview\b", 4173),
    (r"\b(?:npx )?vite\b", 5173),
    (r"\bflask\b(?:(?!\bflask\b).)*\brun\b", 5000),
    (r"\bmanage\.py runserver\b|\bgunicorn\b|\buvicorn\b|\bfastapi run\b|\bdaphne\b", 8000),
    (r"\bstreamlit run\b", 8501),
    (r"\b(?:rails s|rails server|next start|nuxt start|react-scripts start)\b", 3000),
    (r"\brackup\b|\bpuma\b", 9292),
    (r"\bapache2-foreground\b|\bhttpd-foreground\b|\bnginx\b", 80),
    (r"\bcatalina\.sh run\b", 8080),
)
# What the last base image serves on by itself.
_IMAGES = (
    (r"nginx|httpd|caddy|apache|wordpress", 80),
    # Until .NET 8 the images served on a port that only root may take.
    (r"aspnet:[1-7]\.|dotnet:[1-7]\.\d\S{0,100}aspnet", 80),
    (r"aspnet", 8080),
    (r"tomcat|jetty", 8080),
)


def listening_port(dockerfile: Dockerfile, scripts: values.Table) -> int | None:
    """EXPOSE, a variable, a flag, then the default of the command or of the image.

    `scripts` are those of package.json, which a command such as `npm start` stands for.
    """
    if dockerfile.ports:
        return dockerfile.ports[0]
    for name in _VARIABLES:
        written = re.search(r"(?:^|:)(\d{2,5})\b", dockerfile.variables.get(name, ""))
        port = values.number(written[1]) if written else None
        if port:
            return port
    command = _resolved(dockerfile.command or "", scripts)
    found = port_in_command(command)
    if found:
        return found
    known = next((port for pattern, port in _COMMANDS if re.search(pattern, command)), None)
    return known or _by_image(dockerfile)


def _resolved(command: str, scripts: values.Table) -> str:
    match = re.fullmatch(r"(?:npm|yarn|pnpm|bun)(?: run)? ([\w:-]+)", command.strip())
    return (values.text(scripts, match[1]) or command) if match else command


def _by_image(dockerfile: Dockerfile) -> int | None:
    base = dockerfile.image
    return next((port for pattern, port in _IMAGES if re.search(pattern, base)), None)
