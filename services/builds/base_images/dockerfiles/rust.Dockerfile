# Debian's rustc and cargo, and the linker they need.
ARG BASE
FROM ${BASE}
ARG PACKAGES
RUN --mount=type=cache,id=kyozo-base-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=kyozo-base-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update \
    && apt-get install -y --no-install-recommends ${PACKAGES}
ENV CARGO_HOME=/usr/local/cargo \
    PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
