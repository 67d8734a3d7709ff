"""`python -m workers.health [rounds|fast]`: does this host's worker answer? For health checks of containers."""

import sys

from celery.utils.nodenames import gethostname

from service.settings import Settings
from workers.app import Role, make_app

_SECONDS = 10.0


def is_answering(settings: Settings, timeout: float = _SECONDS, role: Role = "rounds") -> bool:
    """Tell whether this host's worker of a role answers within `timeout` seconds, even while it is at work."""
    app = make_app(settings)
    answers = app.control.ping(destination=[f"{role}@{gethostname()}"], timeout=timeout)
    return bool(answers)


if __name__ == "__main__":
    sys.exit(0 if is_answering(Settings(), role="fast" if "fast" in sys.argv[1:] else "rounds") else 1)
