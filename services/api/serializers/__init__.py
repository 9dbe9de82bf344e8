"""Rows out: one noun a file, plain functions that make the seed's JSON."""
