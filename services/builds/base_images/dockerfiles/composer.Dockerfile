ARG BASE
# The PHP image carries composer; the name of its own is what Dockerfiles ask for.
# hadolint ignore=DL3006
FROM ${BASE}
