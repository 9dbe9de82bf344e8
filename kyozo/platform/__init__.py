"""The embedded platform: one process with API, pages and workers, and what starts and stops it."""
