# Build: gems first, so that a change of content does not install them again.
FROM {{ base("ruby", version) }} AS build
WORKDIR /app
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential \
    && rm -rf /var/lib/apt/lists/*
{% if manifest_groups %}
COPY {{ manifest_groups[0][1] | join(" ") }} ./
{% endif %}
{% if facts.unpinned %}
# The project names no versions, so none can be pinned here: give it a Gemfile.
# hadolint ignore=DL3028
{% endif %}
RUN --mount=type=cache,id=bundler,target=/root/.bundle/cache {{ service.install_command }}
COPY . .
RUN {{ service.build_command }}

# Serve: the built files only, by nginx without root.
FROM {{ base("static", none) }}
COPY .kyozo/nginx.conf /etc/kyozo/nginx.conf
COPY --from=build /app/{{ service.output_directory }} /srv/www
{% include "_nginx.Dockerfile" %}
