"""Hold the state of one worker process: settings, database sessions and the shutdown flag.

Nothing is opened before the fork. CUDA and torch are used in the child only, because CUDA does not survive a
fork.
"""

import os
import platform
from contextlib import suppress
from functools import cached_property, partial
from importlib.metadata import PackageNotFoundError, version
from typing import final

from models.safety.hazard_lists import HazardList, load_hazard_lists
from service.campaigns.list_contents import contents_from, read_contents_from
from service.campaigns.reading import Reader
from service.children import Children, Limits
from service.dispatch import CelerySender, deliver
from service.settings import Settings
from service.store.session import Sessions, make_sessions, open_engine
from workers.campaign_cache import TrainedCampaignCache
from workers.pulse import Pulse

_RECORDED = ("assayflow", "torch", "botorch", "gpytorch", "numpy", "rdkit", "pymatgen-core")


@final
class WorkerContext:
    """The state of one worker process, created in the parent and used in the child."""

    def __init__(self, settings: Settings, *, loads_science: bool = True) -> None:
        self.settings = settings
        self._loads_science = loads_science
        self.parent = os.getpid()
        self.pulse = Pulse()

    @cached_property
    def sessions(self) -> Sessions:
        """Sessions that send tasks when they commit; the first use opens the connections."""
        made = make_sessions(open_engine(self.settings.required_database_url(), pool_size=2))
        deliver(made, CelerySender(self.settings.required_redis_url()))
        read_contents_from(made)
        return made

    @cached_property
    def trained_campaigns(self) -> TrainedCampaignCache:
        """The cache of trained campaigns that this process has loaded."""
        return TrainedCampaignCache()

    @cached_property
    def reader(self) -> Reader:
        """The reader of job tables, in a child process that is killed when the job is cancelled."""
        limits = Limits(processes=1, memory_bytes=self.settings.child_memory_bytes)
        children = Children(limits, partial(contents_from, self.sessions))
        return Reader(children, self.settings.child_seconds, is_followed=True)

    def stop(self) -> None:
        """Request that this worker's child requeue its work soon."""
        self.pulse.drain()

    def is_stopping(self) -> bool:
        """Return whether this worker is shutting down."""
        return self.pulse.is_draining

    def hazards(self) -> tuple[HazardList, ...]:
        """Return the operator's hazard lists, read again: each round uses the current lists.

        Raises:
            HazardListError: if a list cannot be used; no round is computed without its hazard lists.
        """
        return load_hazard_lists(self.settings.hazard_lists)

    def import_science(self) -> None:
        """Import slow libraries before any work is claimed.

        An import cannot be interrupted, and a claim must end in time. An import error is ignored here: the
        work that needs the module fails with it. A worker of the queue `io` needs none.
        """
        if not self._loads_science:
            return
        with suppress(Exception):
            import models.inference
            import models.propose  # noqa: F401

    def configure_torch(self) -> str:
        """Set torch's threads and return the compute device; loads torch."""
        import torch

        torch.set_num_threads(self.settings.torch_threads)
        return self.settings.device or ("cuda" if torch.cuda.is_available() else "cpu")


def installed_versions() -> dict[str, str]:
    """Return the versions that a batch depends on, without importing the packages."""
    versions = {"python": platform.python_version()}
    for name in _RECORDED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def process_name() -> str:
    """Return host and process id, so that an operator can find the owner of a lease."""
    return f"{platform.node()}:{os.getpid()}"
