"""Checks of reading options before there is a file, so that no kept reading refuses every file.

Headers are not checked: whether a column is there, and may be read so, shows in the file.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from service.exchange.meanings import check_limit, meaning_of
from service.exchange.tables import TableError
from service.exchange.texts import codec_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from models.campaign.spec import CampaignSpec
    from service.exchange.options import ReadingOptions

Place = tuple[str, ...]


def check_options(options: ReadingOptions, spec: CampaignSpec) -> Iterator[tuple[Place, str]]:
    """Yield what cannot be understood of a reading: where it is among the options, and why."""
    checks: list[tuple[Place, Callable[[], object]]] = []
    if options.encoding is not None:
        checks.append((("encoding",), partial(codec_name, options.encoding)))
    checks += [
        (("words", text), partial(meaning_of, text, meaning)) for text, meaning in options.words.items()
    ]
    checks += [
        (("limits", name), partial(check_limit, name, limit, spec)) for name, limit in options.limits.items()
    ]
    for place, check in checks:
        try:
            check()
        except TableError as error:
            yield place, error.detail
