"""A domain whose rules include an operator's hazard lists. Torch-free.

Knows the domain and the lists by their interfaces alone, and no handling of refusals.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, final

from cachetools import LRUCache

from models.domains.contract import HAZARD, Violation
from models.domains.wrapper import DelegatingDomain
from models.safety.hazard_lists import HazardListError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.domains.contract import Domain
    from models.gflownet.environment import Environment
    from models.records import History
    from models.safety.hazard_lists import HazardList, Matcher
    from models.specs.base import DomainSpec

MOST_KNOWN = 200_000
"""Objects with cached reasons."""


class HazardError(RuntimeError):
    """A batch contains an object on a hazard list, so the round must fail."""


@final
class ScreenedDomain(DelegatingDomain):
    """A domain whose rules include hazard lists; everything else is the domain's own.

    A hazardous object is still parsed, and results for it are accepted.

    Args:
        domain: bound to `spec`.
        spec: determines which lists apply.
        lists: of any domain; those of other domains are ignored.

    Raises:
        HazardListError: if a list that applies is not written in the domain's language.
    """

    def __init__(self, domain: Domain, spec: DomainSpec, lists: Iterable[HazardList]) -> None:
        super().__init__(domain)
        self.lists = tuple(item for item in lists if item.applies(spec))
        """The lists that apply."""
        self._matchers = [(item.name, _opened(item, domain)) for item in self.lists]
        self._hazards: LRUCache[str, list[str]] = LRUCache(MOST_KNOWN)

    def hazards(self, text: str) -> list[str]:
        """Return one reason for each list that matches the object or cannot decide."""
        known = self._hazards.get(text)
        if known is None:
            matches = ((name, _match(matcher, text)) for name, matcher in self._matchers)
            known = self._hazards[text] = [
                f"hazard list {name}: {reason}" for name, reason in matches if reason is not None
            ]
        return known

    def exclude_hazards(self, history: History) -> History:
        """Return the history with measured hazards among the excluded objects, so none is measured again."""
        tried = dict.fromkeys(item.object for item in history.measurements)
        return replace(history, excluded=(*history.excluded, *self.withheld(tried)))

    def provenance(self) -> list[dict[str, str]]:
        """Return which lists were used, as plain JSON."""
        return [{"name": item.name, "version": item.version, "sha256": item.sha256} for item in self.lists]

    def check(self, text: str) -> list[Violation]:
        """Return the violations of hazard lists, then those of the domain's rules."""
        return [*(Violation(HAZARD, reason) for reason in self.hazards(text)), *self._domain.check(text)]

    def environment(self, known: Sequence[str], device: str = "cpu") -> Environment:
        """Return the domain's environment; measured hazards do not widen its vocabulary."""
        hidden = set(self.withheld(known))
        return self._domain.environment([text for text in known if text not in hidden], device)

    def starts(self) -> list[str]:
        """Return the domain's starts without those on a list."""
        return [text for text in self._domain.starts() if not self.hazards(text)]

    def withheld(self, known: Iterable[str]) -> list[str]:
        """Return the objects on a list, which do not widen the environment's vocabulary."""
        return [text for text in known if self.hazards(text)]

    def assert_no_hazards(self, texts: Iterable[str]) -> None:
        """Check a whole batch again, independent of the origin of its objects.

        Raises:
            HazardError: if one of the objects is on a list; the message names list and reason.
        """
        result = [reason for text in texts for reason in self.hazards(text)]
        if result:
            raise HazardError(f"an object of the batch is on a {result[0]}; nothing is proposed")


def _opened(item: HazardList, domain: Domain) -> Matcher:
    try:
        return item.open(domain)
    except Exception as error:  # a list that cannot be used must stop the round after any error
        raise HazardListError(f"hazard list {item.name!r}: {error}") from error


def _match(matcher: Matcher, text: str) -> str | None:
    try:
        return matcher(text)
    except Exception as error:  # noqa: BLE001 - what cannot be compared is refused
        return f"could not be compared ({type(error).__name__})"
