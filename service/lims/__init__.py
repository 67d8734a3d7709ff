"""Connectors to laboratory information systems: one small interface, and a module per system behind it.

Knows neither the database nor the queue nor campaigns.
"""
