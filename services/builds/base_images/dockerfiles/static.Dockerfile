# Debian's nginx with the layout of the public image: /usr/share/nginx/html, conf.d, logs to the engine.
ARG BASE
FROM ${BASE}
ARG PACKAGES
RUN groupadd --system --gid 101 nginx \
    && useradd --system --uid 101 --gid nginx --no-create-home --shell /bin/false nginx
RUN --mount=type=cache,id=kyozo-base-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=kyozo-base-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update \
    && apt-get install -y --no-install-recommends ${PACKAGES} \
    && rm -rf /etc/nginx/sites-enabled /etc/nginx/sites-available /var/www/html \
    && mkdir -p /etc/nginx/conf.d /usr/share/nginx/html \
    && ln -sf /dev/stdout /var/log/nginx/access.log \
    && ln -sf /dev/stderr /var/log/nginx/error.log
COPY files/nginx.conf /etc/nginx/nginx.conf
COPY files/default.conf /etc/nginx/conf.d/default.conf
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
