"""The `kyozo` command: a client of the REST API and the live socket, and the platform's own switch.

Exit statuses: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
"""
