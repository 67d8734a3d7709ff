"""`python -m workers.health [rounds|fast|io|upkeep]`: check this host's worker, as health checks do."""

import platform
import sys
from typing import get_args

from celery.utils.nodenames import gethostname

from service import presence
from service.presence import Role
from service.readiness import patience_with
from service.settings import Settings
from workers.app import make_app

_SECONDS = 10.0


def is_answering(settings: Settings, timeout: float = _SECONDS, role: Role = "rounds") -> bool:
    """Return whether this host's worker of a role responds within `timeout` seconds, even while it computes.

    Upkeep reads no queue and cannot respond, so its last successful sweep must be recent.
    """
    if role == "upkeep":
        with presence.opened(settings.required_redis_url()) as client:
            return presence.is_there(client, role, f"{platform.node()}:", patience_with(settings)[role])
    app = make_app(settings)
    answers = app.control.ping(destination=[f"{role}@{gethostname()}"], timeout=timeout)
    return bool(answers)


if __name__ == "__main__":
    role: Role = next((role for role in get_args(Role) if role in sys.argv[1:]), "rounds")
    sys.exit(0 if is_answering(Settings(), role=role) else 1)
