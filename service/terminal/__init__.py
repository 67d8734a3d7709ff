"""Print what the HTTP API answers on a terminal. Sends no requests."""
