"""The calls, grouped as the API is."""
