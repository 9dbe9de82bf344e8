"""The Django project: composition root, settings and the `kyozo` command."""
