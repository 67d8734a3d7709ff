"""Celery workers: claim rounds and jobs, compute and store the results. No other package imports this one."""

from assayflow.installation import require_own

__distribution__ = "assayflow"

require_own("models", "service")
