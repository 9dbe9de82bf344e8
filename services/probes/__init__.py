"""One HTTP, TCP or command check of one address; lifecycle gates by it, monitoring schedules it."""
