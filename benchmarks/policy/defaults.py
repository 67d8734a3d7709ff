"""Whoever sets nothing, beside the documented best settings and exhaustive Bayesian optimisation.

The listed campaigns of `benchmarks.campaigns`, by three of their methods; their own claims are reported.
"""

from dataclasses import replace

from benchmarks.campaigns.__main__ import installed
from benchmarks.campaigns.framework import DEFAULTS, Session

METHODS = frozenset({DEFAULTS, "assayflow", "bayesian"})
WITHOUT_TABLE = frozenset({"ehrlich", "seh"})
"""Campaigns without a table, which no method can score as a whole."""


def run(session: Session) -> None:
    """Replay every listed campaign."""
    for name, campaign in installed().items():
        if name not in WITHOUT_TABLE:
            campaign(replace(session, only_methods=METHODS))


TASKS = {"defaults": run}
