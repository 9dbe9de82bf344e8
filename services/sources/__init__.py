"""A folder -> a clean, content-addressed tree. Knows no Django."""
