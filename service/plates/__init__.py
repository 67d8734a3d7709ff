"""Plates: layouts, pick lists for robots, readings of wells, and the dose-response curves through them.

Knows no HTTP, no SQL and no campaign: candidates are ids, and what comes out are rows as an upload of results
has them.
"""
