"""Base images: one table of tools and versions, pulled from a registry or made on this machine."""
