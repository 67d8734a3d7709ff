"""PostgreSQL: tables, repositories (all SQL of the service) and sessions.

Knows no HTTP, no queue, no science.
"""
