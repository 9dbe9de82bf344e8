# Nothing runs as root: one numeric user, made where the base image does not have it.
RUN getent passwd 10001 > /dev/null || useradd --no-log-init --uid 10001 --user-group --home-dir /app app \
    && chown 10001:10001 /app
