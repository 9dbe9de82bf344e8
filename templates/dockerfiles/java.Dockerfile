{% if facts.prebuilt %}
# The archive is already built: Java and the file.
{% else %}
# Build: the package manager's downloads stay in a cache.
FROM {{ base(service.package_manager or "java", version) }} AS build
WORKDIR /src
COPY . .
{% if service.package_manager == "maven" %}
RUN --mount=type=cache,id=maven,target=/root/.m2 {{ service.build_command }}
{% elif service.package_manager == "gradle" %}
RUN --mount=type=cache,id=gradle,target=/root/.gradle GRADLE_USER_HOME=/root/.gradle {{ service.build_command }}
{% else %}
RUN {{ service.build_command }}
{% endif %}
{% if starts_from_output %}
{% elif service.framework == "quarkus" %}
RUN mkdir /out && cp -r {{ facts.output }}/quarkus-app /out/quarkus-app
{% elif facts.output %}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# One runnable archive: not the sources, the documentation or the part without dependencies.
RUN mkdir /out \
    && find {{ facts.output }} -maxdepth 2 \( -name '*.jar' -o -name '*.war' \) -size +1k \
       ! -name '*-sources.jar' ! -name '*-javadoc.jar' ! -name '*-plain.jar' ! -name 'original-*' \
       ! -path '*/tmp/*' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2 \
       | xargs -I {} cp {} /out/app.jar
{% else %}
RUN mkdir /out && cp ./*.class /out/
{% endif %}

# Run: a Java runtime and the application.
{% endif %}
FROM {{ base("jre", version) }}
ENV JAVA_OPTS=""
WORKDIR /app
{% include "_user.Dockerfile" %}
{% if facts.prebuilt %}
COPY --chown=10001:10001 . .
{% elif starts_from_output %}
# The start command names what was built by its own path, so it stays there.
COPY --from=build --chown=10001:10001 /src/{{ facts.output }} ./{{ facts.output }}
{% else %}
COPY --from=build --chown=10001:10001 /out ./
{% endif %}
USER 10001:10001
{% include "_listen.Dockerfile" %}
CMD {{ command }}
