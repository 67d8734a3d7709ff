"""What a round is given to learn from. Knows no proxy and no policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from models.campaign.round_settings import RoundSettings, Situation, round_settings

if TYPE_CHECKING:
    from models.campaign.spec import CampaignSpec
    from models.data.tables import MeasuredTable
    from models.domains.contract import Domain
    from models.gflownet.environment import Environment
    from models.records import History


@final
@dataclass(frozen=True, slots=True)
class FitInputs:
    """What a round is given to learn from.

    The environment only serves as a source of random objects when nothing else tells the range of an
    objective. `n_listed` is the number of objects of a space that are all scored, None where they are
    sampled.
    """

    spec: CampaignSpec
    domain: Domain
    environment: Environment
    history: History
    seed: int
    n_listed: int | None = None
    is_corrected: bool = True
    """Whether intervals are corrected for the choice and the record; earlier releases did not."""

    def settings(self, table: MeasuredTable) -> RoundSettings:
        """Return the settings of the round."""
        return round_settings(self.spec, Situation(self.n_listed, len(table.objects)))
