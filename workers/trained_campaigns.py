"""The instruments that a fast worker has open, so that a second request to a campaign is answered in seconds."""

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, final

from models.scorers.domain import unheard
from service.campaigns import inference as instruments
from service.campaigns.jobs import ClaimedJob
from workers.process import Process
from workers.scoring import open_campaign_domain

if TYPE_CHECKING:
    from models.inference.trained_campaign import TrainedCampaign
    from models.records import History
    from workers.handlers import Tell

MOST_OPEN = 3
OPENING = 0.7
"""Share of a job's progress that opening its instrument is."""


@final
class Instruments:
    """The instruments used last; `heard` is called by what they wait for, on behalf of whoever plays now."""

    def __init__(self, most_open: int = MOST_OPEN) -> None:
        self.heard: Callable[[], None] = unheard
        self._most_open = most_open
        self._open: OrderedDict[Hashable, TrainedCampaign] = OrderedDict()

    def listen(self) -> None:
        """Call whoever plays now."""
        self.heard()

    def get(self, key: Hashable, make: "Callable[[], TrainedCampaign]") -> "TrainedCampaign":
        """Return the instrument of a key, made if it is not open; the one that was not used for longest is closed."""
        if key not in self._open:
            self._open[key] = make()
        self._open.move_to_end(key)
        while len(self._open) > self._most_open:
            self._open.popitem(last=False)
        return self._open[key]


def played(share: float) -> float:
    """Return the share of a whole job that is done when a share of the playing is."""
    return OPENING + (1 - OPENING) * share


def open_for(process: Process, job: ClaimedJob, tell: "Tell") -> "tuple[TrainedCampaign, History]":
    """Return the instrument that a job asks, and what its campaign knew when it asked.

    Raises:
        HazardListError: if a hazard list about these objects cannot be used.
        ArtefactError: if what the round left was made from something else.
    """
    with process.sessions.begin() as session:
        now = instruments.load_now(session, job)
        basis = instruments.name_basis(session, job, now)
    opened = process.instruments
    opened.heard = tell.listen
    hazards = process.hazards()
    audit = json.dumps([(item.name, item.version, item.sha256) for item in hazards])

    def make() -> "TrainedCampaign":
        device = process.prepare_science()
        from models.inference.load import load_trained_campaign

        with process.sessions.begin() as session:
            given = instruments.load_basis(session, job, now)
        return load_trained_campaign(
            given.spec,
            given.history,
            seed=given.seed,
            artefact=given.artefact,
            report=lambda share, message: tell(OPENING * share, message),
            device=device,
            hazards=hazards,
            domain=open_campaign_domain(process.settings, given.spec, opened.listen),
        )

    return opened.get((*basis, audit), make), now
