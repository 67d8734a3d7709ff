"""Computed properties supplied by a campaign: the scorer interface, and a domain with scorers. Torch-free."""
