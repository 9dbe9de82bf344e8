# Debian's Python under the names the public image uses, with pip and uv free to install.
ARG BASE
FROM ${BASE}
ARG PACKAGES
RUN --mount=type=cache,id=kyozo-base-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=kyozo-base-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update \
    && apt-get install -y --no-install-recommends ${PACKAGES} \
    && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED \
    && ln -s /usr/bin/python3 /usr/local/bin/python
RUN --mount=type=bind,source=wheels,target=/wheels \
    python3 "$(ls /wheels/pip-*.whl)/pip" install --no-index --no-cache-dir --find-links /wheels \
    pip "setuptools<80" uv
ENV LANG=C.UTF-8 PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
CMD ["python3"]
