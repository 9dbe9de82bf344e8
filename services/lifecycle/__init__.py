"""One verb a file; `decide` says what should happen, `reconcile` and `run` make it happen."""
