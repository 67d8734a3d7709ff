"""Compositions of elements as reduced formulas, charge-balanced when asked."""
