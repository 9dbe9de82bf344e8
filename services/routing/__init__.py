"""Host names and host ports -> healthy instances: one table of routes, published to the router."""
