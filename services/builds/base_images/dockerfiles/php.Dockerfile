# Debian's PHP for the command line with its usual extensions, and composer.
ARG BASE
FROM ${BASE}
ARG PACKAGES
RUN --mount=type=cache,id=kyozo-base-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=kyozo-base-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update \
    && apt-get install -y --no-install-recommends ${PACKAGES} \
    && ln -s /usr/bin/php /usr/local/bin/php
CMD ["php", "-a"]
