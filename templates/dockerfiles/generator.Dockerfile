# Build: the generator from the distribution's packages, then the site.
FROM {{ base("debian", none) }} AS build
WORKDIR /app
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates {{ facts.generator }} \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN {{ service.build_command }}

# Serve: the built files only, by nginx without root.
FROM {{ base("static", none) }}
COPY .kyozo/nginx.conf /etc/kyozo/nginx.conf
COPY --from=build /app/{{ service.output_directory }} /srv/www
{% include "_nginx.Dockerfile" %}
