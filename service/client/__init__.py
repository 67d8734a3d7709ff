"""A client of the public HTTP API."""
