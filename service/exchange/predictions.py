"""Judged objects as a table: one row each, with the row of the upload that it answers.

Knows no HTTP and no SQL.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from service.exchange.batch import (
    BatchFile,
    beside,
    domain_column,
    expected_columns,
    nearest_columns,
    without_blank,
)
from service.exchange.registry import written_formats
from service.exchange.tables import UnknownFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain
    from models.records import ObjectPrediction


def prediction_formats() -> dict[str, str]:
    """Return extension -> media type of every format `write_predictions` offers."""
    return {extension: media for extension, (media, _) in written_formats().items()}


def write_predictions(
    rows: Sequence[tuple[int, ObjectPrediction]],
    spec: CampaignSpec,
    domain: Domain,
    extension: str,
    own_ids: Mapping[str, str] = MappingProxyType({}),
) -> BatchFile:
    """Return judged objects, each with its row in the upload, as a file.

    `own_ids` are those that a laboratory gave objects; where there are none, there is no column of them.

    Raises:
        UnknownFormatError: if tables are not written in this format.
    """
    writers = written_formats()
    if extension not in writers:
        raise UnknownFormatError(f"no format {extension!r}; there is {', '.join(('json', *writers))}")
    media_type, write = writers[extension]
    computed = list(dict.fromkeys(name for _, item in rows for name in item.computed))
    described = [domain.columns(item.object) for _, item in rows]
    empty = dict.fromkeys(column for columns in described for column in columns)
    flat: list[dict[str, Any]] = []
    for (number, item), columns in zip(rows, described, strict=True):
        own = {**empty, **columns}
        predicted = {**expected_columns(item, computed, spec), **nearest_columns(item), **domain_column(item)}
        predicted["refused"] = "; ".join(item.refused)
        named = {"row": number} | ({"compound_id": own_ids.get(item.object)} if own_ids else {})
        flat.append({**beside(own, named), **own, **beside(own, predicted)})
    return BatchFile(write(without_blank(flat)), media_type, extension)
