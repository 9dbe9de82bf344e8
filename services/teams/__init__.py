"""Nested app `teams`: who may do what. Teams, memberships, tokens, and how a request proves who it is."""
