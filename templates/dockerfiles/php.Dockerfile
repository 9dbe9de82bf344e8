{% if service.install_command %}
# Dependencies first, so that a change of code does not install them again.
FROM {{ base("composer", none) }} AS build
WORKDIR /app
COPY {{ manifest_groups[0][1] | join(" ") }} ./
RUN --mount=type=cache,id=composer,target=/tmp/composer-cache \
    COMPOSER_CACHE_DIR=/tmp/composer-cache {{ service.install_command }} --no-scripts --no-autoloader --ignore-platform-reqs
COPY . .
RUN composer dump-autoload --no-dev --optimize --no-scripts

{% if facts.assets_build %}
# Assets: what pages load, by tools that the running image does not need.
FROM {{ base("node", none) }} AS assets
WORKDIR /app
{% include "_node_tools.Dockerfile" %}
COPY --from=build /app /app
RUN --mount=type=cache,id={{ manager }},target={{ caches[manager] }} {{ facts.assets_install }}
RUN {{ facts.assets_build }}

{% endif %}
# Run: PHP with the application.
{% else %}
# PHP with the application.
{% endif %}
FROM {{ base("php", version) }}
{% include "_packages.Dockerfile" %}
{% if facts.extensions %}
RUN if command -v docker-php-ext-install > /dev/null; then docker-php-ext-install {{ facts.extensions }}; fi
{% endif %}
ENV PHP_CLI_SERVER_WORKERS=4
WORKDIR /app
{% include "_user.Dockerfile" %}
{% if service.install_command %}
COPY --from=build --chown=10001:10001 /app /app
{% if facts.assets_build %}
COPY --from=assets --chown=10001:10001 /app/public ./public
{% endif %}
{% else %}
COPY --chown=10001:10001 . .
{% endif %}
USER 10001:10001
{% include "_listen.Dockerfile" %}
CMD {{ command }}
