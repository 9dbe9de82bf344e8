{% if service.install_command %}
# Build: the generator with its theme and plugins, then the site.
FROM {{ base("python", none) }} AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH="/opt/venv/bin:$PATH"
COPY . .
# hadolint ignore=DL3013
RUN --mount=type=cache,id=pip,target=/root/.cache/pip {{ service.install_command }}
{% else %}
# Build: the generator from the distribution's packages, then the site.
FROM {{ base("debian", none) }} AS build
WORKDIR /app
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates {{ facts.generator }} \
    && rm -rf /var/lib/apt/lists/*
COPY . .
{% endif %}
RUN {{ service.build_command }}

# Serve: the built files only, by nginx without root.
FROM {{ base("static", none) }}
COPY .kyozo/nginx.conf /etc/kyozo/nginx.conf
COPY --from=build /app/{{ service.output_directory }} /srv/www
{% include "_nginx.Dockerfile" %}
