# Debian's MariaDB behind an entrypoint that understands the public image's MARIADB_* and MYSQL_* variables.
ARG BASE
FROM ${BASE}
ARG PACKAGES
RUN groupadd --system --gid 999 mysql \
    && useradd --system --uid 999 --gid mysql --home-dir /var/lib/mysql --shell /bin/false mysql
RUN --mount=type=cache,id=kyozo-base-apt,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,id=kyozo-base-lists,target=/var/lib/apt/lists,sharing=locked \
    apt-get update \
    && apt-get install -y --no-install-recommends ${PACKAGES} \
    && rm -rf /var/lib/mysql \
    && install -d -o mysql -g mysql -m 0700 /var/lib/mysql \
    && install -d -o mysql -g mysql /run/mysqld
COPY --chmod=755 files/mariadb-entrypoint /usr/local/bin/docker-entrypoint.sh
COPY files/mariadb.cnf /etc/mysql/mariadb.conf.d/99-container.cnf
VOLUME /var/lib/mysql
EXPOSE 3306
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["mariadbd"]
