# Build: dependencies first, so that a change of code does not install them again.
FROM {{ base("node", version) }} AS build
WORKDIR /app
{% include "_packages.Dockerfile" %}
{% if service.system_packages %}
# Native packages compile against this Node's own headers, not downloaded ones.
ENV npm_config_nodedir=/usr/local
{% endif %}
{% include "_node_tools.Dockerfile" %}
{% include "_node_install.Dockerfile" %}
{% if facts.prune and not facts.workspace_path %}
RUN {{ facts.prune }}
{% endif %}

# Run: the installed and built application.
FROM {{ base("node", version) }}
{% include "_node_tools.Dockerfile" %}
{% if facts.interpreter %}
RUN --mount=type=cache,id=npm,target={{ caches.npm }} npm install --global {{ facts.interpreter }}
{% endif %}
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    HOSTNAME=0.0.0.0 \
    HOME=/tmp \
    PATH="/app/node_modules/.bin:$PATH"
WORKDIR /app
{% include "_user.Dockerfile" %}
COPY --from=build --chown=10001:10001 /app /app
{% if facts.workspace_path %}
WORKDIR /app/{{ facts.workspace_path }}
{% endif %}
USER 10001:10001
{% include "_listen.Dockerfile" %}
{% if service.port and service.health_endpoint %}
HEALTHCHECK --start-period=30s --timeout=3s CMD ["node", "-e", "require('http').get('http://127.0.0.1:' + process.env.PORT + '{{ service.health_endpoint }}', r => process.exit(r.statusCode < 400 ? 0 : 1)).on('error', () => process.exit(1))"]
{% endif %}
CMD {{ command }}
