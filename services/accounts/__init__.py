"""Verbs on people and what proves them: first run, members, invitations, tokens, signing in."""
