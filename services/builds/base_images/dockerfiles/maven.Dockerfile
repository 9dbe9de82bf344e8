# Debian's maven on our Java image, with Debian's plugins as a repository on disk.
ARG BASE
FROM ${BASE}
ARG PACKAGES
RUN --mount=type=cache,id=kyozo-base-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=kyozo-base-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update \
    && apt-get install -y --no-install-recommends ${PACKAGES}
COPY files/maven-settings.xml /etc/maven/settings.xml
CMD ["mvn"]
