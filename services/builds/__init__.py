"""A clean tree and a Dockerfile -> an image, with BuildKit, streaming the log."""
