"""`python -m workers.health`: does the round worker of this host answer? For health checks of containers."""

import sys

from celery.utils.nodenames import gethostname

from service.settings import Settings
from workers.app import ROUND_NODE, make_app

_SECONDS = 10.0


def is_answering(settings: Settings, timeout: float = _SECONDS) -> bool:
    """Tell whether this host's round worker answers within `timeout` seconds, even while it computes a round."""
    app = make_app(settings)
    answers = app.control.ping(destination=[f"{ROUND_NODE}@{gethostname()}"], timeout=timeout)
    return bool(answers)


if __name__ == "__main__":
    sys.exit(0 if is_answering(Settings()) else 1)
