"""Celery workers: they take a round, call the science, and store the answer. Nothing imports this package."""

from assayflow.installation import require_own

__distribution__ = "assayflow"

require_own("models", "service")
