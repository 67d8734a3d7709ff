"""Oracles with computed values: every object of a domain can be measured. They know no strategy."""
