"""Watching what runs: scheduled health checks, metrics, logs, engine events, retention."""
