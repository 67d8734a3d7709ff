"""Plate readings in Allotrope's Simple Model (ASM, JSON).

What `allotropy` and some instruments' programs write. Only measurements of single wells are read, one number
each: kinetic and spectral data are cubes, which are refused.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from service.exchange.tables import TableError
from service.plates.blocks import MAX_LABEL, Block, Cell
from service.plates.geometry import plain_name

MANIFEST = "$asm.manifest"
_DOCUMENTS = ("plate reader aggregate document", "plate reader document")
_CUBES = ("data cube", "profile data", "processed data")
_WAVELENGTHS = ("detector wavelength setting", "excitation wavelength setting")
_SIGNALS = (
    "absorbance",
    "ultraviolet absorbance",
    "fluorescence",
    "luminescence",
    "optical density",
    "relative light",
)

Json = Mapping[str, Any]


def read_asm(document: object, wells: int) -> list[Block]:
    """Return a block for each plate, measurement and wavelength of a document of a plate reader.

    Raises:
        TableError: if it is no such document, its data are no single numbers, or it names a well that is not
            there.
    """
    if not isinstance(document, dict) or MANIFEST not in document:
        raise TableError(
            "JSON is read as an array of wells, or as a document of Allotrope's Simple Model; this is "
            "neither: it has "
            f"no {MANIFEST!r}"
        )
    found: dict[tuple[str, str], dict[str, Cell]] = defaultdict(dict)
    has_cubes = False
    for place, measurement in enumerate(_measurements(document), 1):
        has_cubes |= any(cube in name for cube in _CUBES for name in measurement)
        read = _read(measurement, wells, place)
        if read is None:
            continue
        label, well, text = read
        if well in found[label]:
            raise TableError(
                f"well {well} is measured twice as {label[1]!r}: kinetic readings are not read", row=place
            )
        found[label][well] = Cell(text, place)
    if not found:
        content_kind = "only data cubes (kinetics or spectra)" if has_cubes else "no measurement of a well"
        raise TableError(
            f"the document holds {content_kind} of a plate reader, such as absorbance or fluorescence at a "
            f"well"
        )
    return [
        Block(f"{container} {name}".strip()[:MAX_LABEL], cells, container)
        for (container, name), cells in found.items()
    ]


def _measurements(document: Json) -> Iterator[Json]:
    """Yield the measurements of all documents of a plate reader.

    Raises:
        TableError: if the document is of another instrument.
    """
    outer, inner = _DOCUMENTS
    if outer not in document:
        kinds = [name for name in document if name.endswith("aggregate document")]
        raise TableError(
            f"the document is of {', '.join(kinds)[:100] or 'no instrument'}, not of a plate reader"
        )
    for item in _listed(document[outer], inner):
        yield from _listed(item.get("measurement aggregate document"), "measurement document")


def _listed(parent: object, name: str) -> list[Json]:
    items = parent.get(name, []) if isinstance(parent, dict) else []
    return [item for item in (items if isinstance(items, list) else [items]) if isinstance(item, dict)]


def _read(measurement: Json, wells: int, place: int) -> tuple[tuple[str, str], str, str] | None:
    """Return plate and measurement, the well, and the number; None if it is no single number of a well."""
    sample = measurement.get("sample document")
    sample = sample if isinstance(sample, dict) else {}
    where = sample.get("location identifier", sample.get("well location identifier"))
    signals = {name: value for name in _SIGNALS if (value := _number(measurement.get(name))) is not None}
    if not isinstance(where, str) or not signals:
        return None
    well = plain_name(where, wells)
    if well is None:
        raise TableError(f"{where[:20]!r} is no well of a plate of {wells}", row=place)
    name, value = next(iter(signals.items()))
    container = str(sample.get("well plate identifier", "")).strip()
    return (container, " ".join((name, *_settings(measurement)))), well, repr(value)


def _number(value: object) -> float | None:
    number = value.get("value") if isinstance(value, dict) else value
    return None if isinstance(number, bool) or not isinstance(number, int | float) else float(number)


def _settings(measurement: Json) -> Iterator[str]:
    """Yield the wavelengths at which a measurement was made."""
    for item in _listed(measurement.get("device control aggregate document"), "device control document"):
        for name in _WAVELENGTHS:
            if (number := _number(item.get(name))) is not None:
                yield f"{number:g} nm"
