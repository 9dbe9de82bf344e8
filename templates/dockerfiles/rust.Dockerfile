# Build: registry and target folder stay in caches, the program is copied out of them.
FROM {{ base("rust", version) }} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,id=cargo,target=/usr/local/cargo/registry \
    --mount=type=cache,id=cargo-target,target=/src/target \
    {{ service.build_command }} \
    && cp target/release/{{ facts.binary }} /usr/local/bin/app

# Run: the program and the files it may read.
FROM {{ base("debian", none) }}
WORKDIR /app
{% include "_user.Dockerfile" %}
COPY --from=build /usr/local/bin/app {{ facts.program or "/usr/local/bin/app" }}
{% for folder in (facts.assets or "").split() %}
COPY --chown=10001:10001 {{ folder }} ./{{ folder }}
{% endfor %}
USER 10001:10001
{% include "_listen.Dockerfile" %}
CMD {{ command }}
