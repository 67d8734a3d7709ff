"""A column that says which assay each row is about, under another name than `type`.

Told by name and cells.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.specs.columns import key
from service.exchange.headers import named_result, result_names
from service.exchange.tables import TableError
from service.exchange.units import same_units
from service.exchange.values import is_missing, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.campaign.spec import CampaignSpec
    from service.exchange.tables import Table

_TYPE_NAMES = frozenset(
    (
        *(
            "resulttype",
            "activitytype",
            "measurementtype",
            "valuetype",
            "endpoint",
            "endpointtype",
            "endpointname",
        ),
        *(
            "parameter",
            "parametername",
            "property",
            "propertyname",
            "standardtype",
            "publishedtype",
            "readout",
        ),
        *("readouttype", "measuredproperty", "resultname", "bioactivitytype"),
    )
)
"""Names of a column of types, as `key` writes them without `_`."""
_POSSIBLE_TYPE_NAMES = frozenset(
    (
        "assay",
        "assaytype",
        "assayname",
        "activity",
        "kind",
        "measurement",
        "measure",
        "quantity",
        "test",
        "metric",
    )
)
"""Names of a column that holds types or a description."""
_CERTAIN = (
    *(f"{letters}50" for letters in ("ic", "ec", "ac", "gi", "cc", "lc", "ld", "ed", "td", "xc", "dc", "ti")),
    *("ki", "kd", "emax", "imax", "logs", "logd", "logp", "mic90", "mic50", "kon", "koff", "k_on", "k_off"),
    *("pic50", "pec50", "pac50", "pki", "pkd", "pgi50"),
)
"""Well-known types, as `key` writes them, that are hardly anything else whatever their column is called."""
_BY_NAME = (
    *(
        "hill",
        "hill_slope",
        "hill_coefficient",
        "herg",
        "mic",
        "mbc",
        "mec",
        "auc",
        "cmax",
        "tmax",
        "km",
        "kcat",
    ),
    *(
        "kinact",
        "vmax",
        "tm",
        "ppb",
        "pka",
        "solubility",
        "permeability",
        "papp",
        "clint",
        "clearance",
        "half_life",
    ),
    *(
        "inhibition",
        "efficacy",
        "potency",
        "viability",
        "cytotoxicity",
        "logd7_4",
        "log_p",
        "log_d",
        "log_s",
        "yield",
    ),
    *("bmax", "t1_2", "amax", "smax", "bottom", "top", "slope", "fraction_unbound"),
)
"""Well-known types that are other things as well: a target, a metal, a place."""
_LONGEST = 40
"""Longest cell in which a type is looked for, in characters."""
_STARTS = re.compile(rf"({'|'.join(_CERTAIN)})(?![a-z0-9])", re.IGNORECASE)
_INITIALS = 2


def type_column(table: Table, headers: Iterable[str], spec: CampaignSpec) -> str | None:
    """Return which of the headers that are not read is the column `type` of a table with a column of values.

    A column whose cells name only what the campaign reads is left alone where it reads one assay.

    Raises:
        TableError: if a column may be it, or two are.
    """
    own = result_names(spec)
    found: list[str] = []
    for header in headers:
        plain = key(header).replace("_", "")
        is_named, is_like = plain in _TYPE_NAMES, plain in _POSSIBLE_TYPE_NAMES
        cells = {text for row in table.rows if (text := row.cells.get(header, "")) and len(text) <= _LONGEST}
        if not is_named and not is_like:
            _check_holds_no_types(table, header, {text for text in cells if _STARTS.match(text)}, own, spec)
            continue
        stated = {text for text in cells if not is_missing(text)}
        ours = {text for text in stated if _is_default(text, own, spec)}
        others = {text for text in stated - ours if named_result(text, own) or named_result(text, _KNOWN)}
        if (is_named and (ours or others)) or (others and stated == ours | others):
            found += [header] if stated - ours or len(spec.quantities()) > 1 else []
        elif others:
            raise _unread_type_error(table, header, others)
    if len(found) > 1:
        detail = (
            f"columns {found[0]!r} and {found[1]!r} may both say what was measured: name the one that "
            f"does type"
        )
        raise TableError(detail, column=found[1])
    return found[0] if found else None


_KNOWN = {name: name for name in (*_CERTAIN, *_BY_NAME)}
_WHATEVER_NAME = {name: name for name in _CERTAIN}


def _is_default(text: str, own: Mapping[str, str], spec: CampaignSpec) -> bool:
    """Return whether a cell names only an assay that the campaign reads, on its scale and in its units."""
    found = named_result(text, own)
    wanted = None if found is None else spec.quantities().get(found[0])
    if found is None or wanted is None:
        return False
    return found[1] is None or (wanted.units is not None and same_units(found[1], wanted.units))


def _check_holds_no_types(
    table: Table, header: str, cells: set[str], own: Mapping[str, str], spec: CampaignSpec
) -> None:
    """Check that no column of another name says that values are of types that the campaign does not read.

    Raises:
        TableError: if it does.
    """
    others = {
        text for text in cells if named_result(text, _WHATEVER_NAME) and not _is_default(text, own, spec)
    }
    others = {text for text in others if not (len(text) == _INITIALS and text.isupper())}
    if others:
        raise _unread_type_error(table, header, others)


def _unread_type_error(table: Table, header: str, others: set[str]) -> TableError:
    row = next(row for row in table.rows if row.cells.get(header, "") in others)
    text = shortened(row.cells[header])
    detail = (
        f"column {header[:60]!r} says {text}, another assay or scale, and is not read: name it type if it "
        f"says what was"
    )
    return TableError(f"{detail} measured, and leave it out if not", row=row.number, column=header)
