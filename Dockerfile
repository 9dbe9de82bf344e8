# The platform's own image: each part of compose.yaml is one process of it.
#
# PYTHON_IMAGE may be any Debian with Python 3.11 or newer; where no registry answers it is kyozo/python:3.11,
# which `kyozo images build python` makes.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS client
# Of the engine's package only the command goes on: the workers build with it.
RUN apt-get update \
    && apt-get install -y --no-install-recommends docker.io \
    && rm -rf /var/lib/apt/lists/*

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS packages
COPY requirements/runtime.txt /requirements.txt
RUN python3 -m venv /opt/kyozo \
    && /opt/kyozo/bin/python -m pip install --no-cache-dir --no-compile --require-hashes -r /requirements.txt \
    && /opt/kyozo/bin/python -m compileall -q /opt/kyozo/lib

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 kyozo \
    && useradd --uid 10001 --gid kyozo --no-create-home --home-dir /var/lib/kyozo --shell /usr/sbin/nologin kyozo \
    && install -d -o kyozo -g kyozo -m 0700 /var/lib/kyozo /var/lib/kyozo/router /run/kyozo/desk
COPY --from=client /usr/bin/docker /usr/bin/docker
COPY --from=packages /opt/kyozo /opt/kyozo
COPY . /srv/kyozo
RUN /opt/kyozo/bin/python -m compileall -q /srv/kyozo
# Two arenas instead of eight a core: threads would each keep what they once needed.
ENV PATH=/opt/kyozo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/srv/kyozo PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=kyozo.settings KYOZO_HOME=/var/lib/kyozo \
    MALLOC_ARENA_MAX=2
WORKDIR /var/lib/kyozo
USER 10001:10001
CMD ["python", "-P", "-m", "kyozo.platform.web"]
