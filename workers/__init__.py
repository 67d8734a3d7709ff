"""Celery workers: they take a round, call the science, and store the answer. Nothing imports this package."""
