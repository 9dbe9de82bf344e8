"""The pages. That of the services goes through the REST and WebSocket faces; the forms of a team
call the same verbs as the REST face does, by the same policy, and need no script."""
