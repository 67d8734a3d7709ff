"""Molecules by reactions of building blocks: templates, stock, and the routes that they make. Torch-free."""
