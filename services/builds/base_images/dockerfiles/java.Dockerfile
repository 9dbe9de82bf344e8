# Debian's OpenJDK; JAVA_HOME is the same whatever the architecture is called.
ARG BASE
FROM ${BASE}
ARG PACKAGES
RUN --mount=type=cache,id=kyozo-base-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=kyozo-base-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update \
    && apt-get install -y --no-install-recommends ${PACKAGES} \
    && ln -s "$(dirname "$(dirname "$(readlink -f /usr/bin/javac)")")" /opt/java
ENV JAVA_HOME=/opt/java LANG=C.UTF-8
CMD ["jshell"]
