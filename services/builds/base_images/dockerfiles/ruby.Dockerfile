# Debian's Ruby and bundler, with the gems a small web application needs.
ARG BASE
FROM ${BASE}
ARG PACKAGES
RUN --mount=type=cache,id=kyozo-base-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=kyozo-base-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update \
    && apt-get install -y --no-install-recommends ${PACKAGES} \
    && mkdir -p -m 1777 /usr/local/bundle
# Debian keeps the code of some gems elsewhere, and Ruby's bundler since 3.1.7 takes a gem without a folder for missing.
RUN cd /usr/share/rubygems-integration/all/specifications \
    && for file in *.gemspec; do mkdir -p "../gems/${file%.gemspec}" || exit 1; done
ENV LANG=C.UTF-8 GEM_HOME=/usr/local/bundle BUNDLE_SILENCE_ROOT_WARNING=1 \
    BUNDLE_APP_CONFIG=/usr/local/bundle \
    PATH=/usr/local/bundle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["irb"]
