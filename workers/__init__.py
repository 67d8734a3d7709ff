"""Celery workers: claim rounds and jobs, compute and store the results. No other package imports this one."""
