"""Requests that this house sends to addresses that others name."""
