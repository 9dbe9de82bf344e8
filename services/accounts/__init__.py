"""Verbs on people and what proves them: the first run, tokens, sign-in links."""
