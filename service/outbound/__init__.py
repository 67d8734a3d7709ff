"""Check outbound requests to addresses that users name."""
