# Build: modules first, so that a change of code does not download them again.
FROM {{ base("go", version) }} AS build
WORKDIR /src
ENV CGO_ENABLED=0 \
    GOMODCACHE=/go/pkg/mod \
    GOCACHE=/root/.cache/go-build{{ " \\\n    GO111MODULE=off" if facts.no_module }}
{% if service.install_command and not facts.vendored and not facts.needs_source %}
COPY {{ manifest_groups[0][1] | join(" ") }} ./
RUN --mount=type=cache,id=go-mod,target=/go/pkg/mod {{ service.install_command }}
{% endif %}
COPY . .
RUN --mount=type=cache,id=go-mod,target=/go/pkg/mod \
    --mount=type=cache,id=go-build,target=/root/.cache/go-build \
    {{ service.build_command }}

# Run: the program, certificates, and the files it may read.
FROM {{ base("debian", none) }}
WORKDIR /app
{% include "_user.Dockerfile" %}
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/bin/app {{ facts.program or "/usr/local/bin/app" }}
{% for folder in (facts.assets or "").split() %}
COPY --chown=10001:10001 {{ folder }} ./{{ folder }}
{% endfor %}
USER 10001:10001
{% include "_listen.Dockerfile" %}
CMD {{ command }}
