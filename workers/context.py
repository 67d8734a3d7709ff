"""What one worker process holds: settings, database sessions and the wish to stop. Nothing is opened before the fork.

Knows no task. CUDA and torch are touched in the child alone: CUDA does not survive a fork.
"""

import os
import platform
from contextlib import suppress
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, final

from models.safety.hazard_lists import HazardList, load_hazard_lists
from service.campaigns.reading import Reader
from service.children import Children, Limits
from service.dispatch import CelerySender, deliver
from service.settings import Settings
from service.store.session import Sessions, make_sessions, open_engine
from workers.pulse import Pulse

if TYPE_CHECKING:
    from workers.trained_campaigns import TrainedCampaignCache

_RECORDED = ("assayflow", "torch", "botorch", "gpytorch", "numpy", "rdkit", "pymatgen-core")


@final
class WorkerContext:
    """The state of one worker process; made in the parent, filled in the child."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.parent = os.getpid()
        self.pulse = Pulse()

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions that send tasks when they commit; the first use opens the connections."""
        made = make_sessions(open_engine(self.settings.required_database_url(), pool_size=2))
        deliver(made, CelerySender(self.settings.required_redis_url()))
        return made

    @cached_property
    def trained_campaigns(self) -> "TrainedCampaignCache":
        """The trained campaigns that this process has open."""
        from workers.trained_campaigns import TrainedCampaignCache

        return TrainedCampaignCache()

    @cached_property
    def reader(self) -> Reader:
        """Who reads the tables of jobs: a child that may be killed when a job is cancelled."""
        children = Children(Limits(processes=1, memory_bytes=self.settings.child_memory_bytes))
        return Reader(children, self.settings.child_seconds, is_followed=True)

    def stop(self) -> None:
        """Ask the work of this process's children to give its work back soon."""
        self.pulse.drain()

    def is_stopping(self) -> bool:
        """Tell whether this worker shuts down."""
        return self.pulse.is_draining

    def hazards(self) -> tuple[HazardList, ...]:
        """Return the operator's hazard lists, read anew: a round uses them as they are when it starts.

        Raises:
            HazardListError: if one cannot be used; without it no round may be computed.
        """
        return load_hazard_lists(self.settings.hazard_lists)

    def import_science(self) -> None:
        """Import what takes long, before anything is claimed: nobody can stop an import, and a claim must end in time.

        What cannot be imported is told where it is needed, by the work that then fails.
        """
        with suppress(Exception):
            import models.inference
            import models.propose  # noqa: F401

    def configure_torch(self) -> str:
        """Set torch's threads and return the device to compute on; loads torch."""
        import torch

        torch.set_num_threads(self.settings.torch_threads)
        return self.settings.device or ("cuda" if torch.cuda.is_available() else "cpu")


def installed_versions() -> dict[str, str]:
    """Return the versions that a batch depends on, without importing anything."""
    versions = {"python": platform.python_version()}
    for name in _RECORDED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def process_name() -> str:
    """Return host and process, for people who look for the owner of a lease."""
    return f"{platform.node()}:{os.getpid()}"
