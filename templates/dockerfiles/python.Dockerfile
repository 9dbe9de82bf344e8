{% set tool = facts.tool or "pip" %}
{% set is_apart = tool in ("poetry", "pdm", "pipenv", "uv") %}
{% if service.system_packages %}
# System packages that the requirements compile against and load.
FROM {{ base("python", version) }} AS base
{% include "_packages.Dockerfile" %}

# Build: the virtual environment, before the source, so that a change of code does not redo it.
FROM base AS build
{% else %}
# Build: the virtual environment, before the source, so that a change of code does not redo it.
FROM {{ base("python", version) }} AS build
{% endif %}
WORKDIR /app
{% if is_apart %}
# The installer has an environment of its own, which stays here.
RUN python -m venv /opt/{{ tool }} && /opt/{{ tool }}/bin/pip install --no-cache-dir {{ pinned[tool] }}
{% endif %}
RUN python -m venv /opt/venv
ENV VIRTUAL_ENV=/opt/venv \
    PATH="/opt/venv/bin:{{ "/opt/" ~ tool ~ "/bin:" if is_apart }}$PATH"
{% if tool == "uv" %}
ENV UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
{% endif %}
{% if facts.needs_source %}
COPY . .
{% else %}
{% for folder, files in manifest_groups %}
COPY {{ files | join(" ") }} ./{{ folder }}
{% endfor %}
{% endif %}
{% if service.install_command %}
{% if facts.unpinned %}
# The project names no versions, so none can be pinned here: give it a requirements.txt.
# hadolint ignore=DL3013
{% endif %}
RUN --mount=type=cache,id={{ "pip" if tool == "poetry" else tool }},target={{ caches[tool] }} {{ service.install_command }}
{% endif %}
{% if facts.extra_packages %}
# A server that the project does not require itself, in the newest version.
# hadolint ignore=DL3013
RUN --mount=type=cache,id=pip,target=/root/.cache/pip pip install {{ facts.extra_packages }}
{% endif %}
{% if facts.install_project %}
{% if not facts.needs_source %}
COPY . .
{% endif %}
RUN --mount=type=cache,id=uv,target=/root/.cache/uv uv pip install --no-deps .
{% endif %}

# Run: the environment and the source, nothing that built them{{ ", but the installer that runs them" if is_apart and brings_tool }}.
FROM {{ "base" if service.system_packages else base("python", version) }}
ENV PATH="/opt/venv/bin:{{ "/opt/" ~ tool ~ "/bin:" if is_apart and brings_tool }}$PATH" \
{% if is_apart and brings_tool %}
    VIRTUAL_ENV=/opt/venv \
{% endif %}
{% if tool == "uv" and brings_tool %}
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_NO_SYNC=1 \
    UV_PYTHON_DOWNLOADS=never \
{% endif %}
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1{{ " \\" }}
    PYTHONPATH={{ "/app/" ~ facts.python_path if facts.python_path else "/app" }}
WORKDIR /app
{% include "_user.Dockerfile" %}
COPY --from=build /opt/venv /opt/venv
{% if is_apart and brings_tool %}
COPY --from=build /opt/{{ tool }} /opt/{{ tool }}
{% endif %}
COPY --chown=10001:10001 . .
{% if facts.workspace_path %}
WORKDIR /app/{{ facts.workspace_path }}
{% endif %}
{% if build_command %}
RUN {{ build_command }}
{% endif %}
USER 10001:10001
{% include "_listen.Dockerfile" %}
{% if service.port and service.health_endpoint %}
HEALTHCHECK --start-period=30s --timeout=3s CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '{{ service.health_endpoint }}', timeout=2)"]
{% endif %}
CMD {{ command }}
