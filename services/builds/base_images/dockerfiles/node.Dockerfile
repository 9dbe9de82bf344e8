# Node and its own npm, laid out as in the public image.
ARG BASE
FROM ${BASE}
COPY node/ /usr/local/
RUN rm -f /usr/local/*.py /usr/local/py.typed \
    && ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
    && ln -sf ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
    && ln -sf node /usr/local/bin/nodejs \
    && if [ -d /usr/local/lib/node_modules/corepack ]; then \
        ln -sf ../lib/node_modules/corepack/dist/corepack.js /usr/local/bin/corepack; \
    else rm -f /usr/local/bin/corepack; fi \
    && groupadd --gid 1000 node \
    && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
ENV NPM_CONFIG_UPDATE_NOTIFIER=false
CMD ["node"]
