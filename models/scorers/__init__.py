"""Computed properties that a campaign brings along: what a scorer is, and a domain that has some. Torch-free."""
