"""Client of the public HTTP API."""
