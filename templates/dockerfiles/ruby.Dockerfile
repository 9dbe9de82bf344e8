# Build: gems first, with what their extensions compile against.
FROM {{ base("ruby", version) }} AS base
WORKDIR /app
ENV BUNDLE_WITHOUT=development:test \
    RACK_ENV=production{{ " \\\n    RAILS_ENV=production \\\n    RAILS_LOG_TO_STDOUT=1 \\\n    RAILS_SERVE_STATIC_FILES=1" if service.framework == "rails" }}
{% include "_packages.Dockerfile" %}

FROM base AS build
{% if service.install_command %}
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential git libyaml-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
{% if facts.needs_source %}
COPY . .
{% else %}
COPY {{ manifest_groups[0][1] | join(" ") }} ./
{% endif %}
RUN --mount=type=cache,id=bundler,target=/root/.bundle/cache {{ service.install_command }}
{% endif %}
{% if not facts.needs_source %}
COPY . .
{% endif %}
{% if service.build_command %}
RUN {{ service.build_command }}
{% endif %}

# Run: gems and application, without compilers.
FROM base
{% include "_user.Dockerfile" %}
{% if service.install_command %}
COPY --from=build /usr/local/bundle /usr/local/bundle
{% endif %}
COPY --from=build --chown=10001:10001 /app /app
USER 10001:10001
{% include "_listen.Dockerfile" %}
CMD {{ command }}
