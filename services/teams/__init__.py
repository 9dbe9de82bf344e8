"""Nested app `teams`: teams, memberships, tokens, and how a request proves who it is."""
