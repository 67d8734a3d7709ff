"""Shared parts of improvement acquisitions: a Gaussian's excess, the front's cells and a common scale."""
