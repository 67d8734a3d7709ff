"""Cache trained campaigns in a fast worker, so that a second request to a campaign takes seconds."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, final

from models.scorers.domain import unheard

if TYPE_CHECKING:
    from models.inference.trained_campaign import TrainedCampaign

MOST_OPEN = 3


@final
class TrainedCampaignCache:
    """The trained campaigns used last; `check_cancelled` is that of the job that runs now."""

    def __init__(self, most_open: int = MOST_OPEN) -> None:
        self.check_cancelled: Callable[[], None] = unheard
        self._most_open = most_open
        self._open: OrderedDict[Hashable, TrainedCampaign] = OrderedDict()

    def raise_if_cancelled(self) -> None:
        """Call the current job's `check_cancelled`."""
        self.check_cancelled()

    def get(self, key: Hashable, make: "Callable[[], TrainedCampaign]") -> "TrainedCampaign":
        """Return the trained campaign of a key, loaded if needed; the least recently used one is dropped."""
        if key not in self._open:
            self._open[key] = make()
        self._open.move_to_end(key)
        while len(self._open) > self._most_open:
            self._open.popitem(last=False)
        return self._open[key]
