"""The Django app `services`: folders that run. docs/architecture.md has the map of its rooms."""
