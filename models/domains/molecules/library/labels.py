"""What a list says of its molecules that stands beside candidates."""

LABELS = ("catalogue_number", "id", "supplier", "price", "amount")
"""Columns of a list, in this order."""
