"""Convert published files to the tables of benchmarks. Pure functions of content; nothing is fetched.

Each function gets the checked contents of a table's upstream files, and returns our table's content, byte for
byte the same each time.
"""

import csv
import gzip
import io
import pickle
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

FACTORS = ("SIX6_REF_R1", "EGR2_REF_R1", "NR1H4_REF_R1")
_MOST_UNPACKED = 64 * 2**20
"""Bytes; the largest archive holds 46 MB."""
_PICKLED = {
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]  # noqa: SLF001
    ("numpy.core.multiarray", "scalar"): np._core.multiarray.scalar,  # type: ignore[attr-defined]  # noqa: SLF001
}
"""The globals of pickled arrays and numbers; all others are refused."""


def as_it_is(contents: Sequence[bytes]) -> bytes:
    """Return the only file unchanged."""
    (content,) = contents
    return content


def packed(contents: Sequence[bytes]) -> bytes:
    """Return the only file, compressed by gzip."""
    return gzip.compress(as_it_is(contents), mtime=0)


def tfbind8(contents: Sequence[bytes]) -> bytes:
    """Return the E-scores of each factor over all 8-mers, scaled to 0 to 1; both strands have one score."""
    scores: list[dict[str, float]] = []
    for content in contents:
        lines = csv.reader(io.StringIO(content.decode()), delimiter="\t")
        next(lines)
        by_text: dict[str, float] = {}
        for forward, backward, score, *_ in lines:
            by_text[forward] = by_text[backward] = float(score)
        low, high = min(by_text.values()), max(by_text.values())
        scores.append({text: (score - low) / (high - low) for text, score in by_text.items()})
    rows = ((text, *(str(round(known[text], 6)) for known in scores)) for text in sorted(scores[0]))
    return _table(("sequence", *FACTORS), rows)


def gb1(contents: Sequence[bytes]) -> bytes:
    """Return variants and fitness from the archive of splits.

    Raises:
        ValueError: if the archive would unpack to an implausible size.
    """
    with zipfile.ZipFile(io.BytesIO(as_it_is(contents))) as archive:
        name = "four_mutations_full_data.csv"
        if archive.getinfo(name).file_size > _MOST_UNPACKED:
            raise ValueError(f"{name} is larger than {_MOST_UNPACKED} bytes")
        lines = csv.DictReader(io.StringIO(archive.read(name).decode()))
    return _table(("variant", "fitness"), ((line["Variants"], str(round(float(line["Fitness"]), 6))) for line in lines))


def oer_plate(contents: Sequence[bytes]) -> bytes:
    """Return the plate with a header line."""
    elements = ("ni", "fe", "co", "mn", "ce", "la")
    return _headed((*(f"{element}_load" for element in elements), "overpotential"), contents)


def lipid_nanoparticles(contents: Sequence[bytes]) -> bytes:
    """Return the formulations with a header line."""
    variables = ("drug_input", "solid_lipid", "solid_lipid_input", "liquid_lipid_input", "surfractant_input")
    return _headed((*variables, "drug_loading", "encap_efficiency", "particle_diameter"), contents)


def qm9_strings(contents: Sequence[bytes]) -> bytes:
    """Return strings of blocks with their gaps, from a pickled dictionary."""
    gaps = _unpickled(as_it_is(contents))
    return _table(("blocks", "gap"), ((blocks, str(gaps[blocks])) for blocks in sorted(gaps)))


def docking_proxy(contents: Sequence[bytes]) -> bytes:
    """Return the weights from a pickled list, as arrays named by their indices."""
    arrays = {f"p{index:02d}": array for index, array in enumerate(_unpickled(gzip.decompress(as_it_is(contents))))}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


class _OnlyArrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _PICKLED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a table") from None


def _unpickled(content: bytes) -> Any:
    return _OnlyArrays(io.BytesIO(content)).load()


def _headed(columns: Sequence[str], contents: Sequence[bytes]) -> bytes:
    return ",".join(columns).encode() + b"\n" + as_it_is(contents)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    def lines() -> Iterator[str]:
        yield ",".join(columns)
        for row in rows:
            yield ",".join(row)

    return gzip.compress("".join(f"{line}\n" for line in lines()).encode(), mtime=0)
