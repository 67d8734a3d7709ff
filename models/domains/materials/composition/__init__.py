"""Compositions of elements as reduced formulas, charge-balanced on request."""
