"""The pages: everything they show and do goes through the REST and WebSocket faces."""
