"""One router for each resource: parse, one command or query, answer."""
