"""The Django app `services`: folders that run. Each package below is a room; docs/architecture.md has the map."""
