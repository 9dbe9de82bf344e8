"""Frameworks as rows of data, one table a language."""
