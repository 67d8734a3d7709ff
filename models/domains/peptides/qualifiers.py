"""Columns that qualify a peptide's sequence: end groups, amidation, cycles, D-residues. Knows no campaign.

A cell is read where its meaning is certain. Otherwise the row is refused, since its sequence alone would be
stored as the plain linear L-peptide. Every column has its own name, so none hides another.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from models.domains.contract import InvalidObjectError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from models.domains.peptides.spec import CTerminus, NTerminus

ONLY = "only linear chains of the twenty proteinogenic L-residues are known here"

_N_WORDS: dict[str, NTerminus] = {
    **dict.fromkeys(("free", "h", "nh2", "h2n", "nh3+", "amine", "free amine", "none", "no", "unmodified"), "free"),
    **dict.fromkeys(("acetyl", "ac", "act", "acetylated", "acetylation", "n-acetyl", "n-acetylation"), "acetyl"),
}
_C_WORDS: dict[str, CTerminus] = {
    **dict.fromkeys(("free", "oh", "cooh", "co2h", "coo", "acid", "free acid", "carboxyl"), "free"),
    **dict.fromkeys(("none", "no", "unmodified"), "free"),
    **dict.fromkeys(("amide", "am", "amd", "nh2", "conh2", "amidated", "amidation", "c-amide"), "amide"),
}
"""Usual spellings in a separate column for each end, in lower case."""
_BOTH_FREE = frozenset(("free", "none", "no", "unmodified"))
_UNSTATED = frozenset(("", "n/a", "na", "#n/a", "?", "??", ".", "unknown", "not stated", "not known", "n.d.", "nd"))
_YES = frozenset(("yes", "y", "true", "t", "1", "x"))
_NO = frozenset(("no", "n", "false", "f", "0", "none", "unmodified"))
_UNCHANGED = _NO | {"no modification", "no modifications", "linear", "native", "wt", "wild type", "free"}
_L_ONLY = _NO | {"l", "(l)", "all-l", "all l", "l-amino acids", "all l-amino acids", "l-residues", "l-peptide"}
_N_ACETYL = re.compile(r"ac|n(?:-?term(?:inal|inus)?)?[- :]*(?:ac|acetyl(?:ated|ation)?)")
_C_AMIDE = re.compile(r"(?:c(?:-?term(?:inal|inus)?)?[- :]*)?(?:am|nh2|conh2|amide|amidat(?:ed|ion))")
_BETWEEN = re.compile(r"\s*(?:[/;,|&]|\band\b)\s*", re.IGNORECASE)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))

_HEADERS = ("_term", "term", "_terminal", "_cap", "_terminal_group")
"""Alternative headers of `n_terminus` and `c_terminus`; each is a separate column."""
_N_NAMES = ("n_terminus", "n_terminal", "n_term", "nterm", "amino_terminus", "amino_terminal")
_C_NAMES = ("c_terminus", "c_terminal", "c_term", "cterm", "carboxy_terminus", "carboxyl_terminus", "carboxy_terminal")
_OF_AN_END = ("modification", "modifications", "mod", "mods", "capping", "end_group", "residue_modification")
_N_COLUMNS = (
    *(f"n{rest}" for rest in _HEADERS),
    *("amino_terminus", "amino_terminal", "n_end", "n_modification", "n_mod", "n_capping", "n_terminal_cap"),
    *(f"{name}_{rest}" for name in _N_NAMES for rest in _OF_AN_END),
)
_C_COLUMNS = (
    *(f"c{rest}" for rest in _HEADERS),
    *("carboxy_terminus", "carboxyl_terminus", "carboxy_terminal", "c_end", "c_modification", "c_mod", "c_capping"),
    *("c_terminal_cap", *(f"{name}_{rest}" for name in _C_NAMES for rest in _OF_AN_END)),
)
_ACETYLATED = (
    *("acetylated", "is_acetylated", "n_acetylated", "n_acetylation", "n_acetyl"),
    *("n_terminal_acetylation", "n_terminal_acetyl", "n_terminally_acetylated"),
)
_AMIDATED = (
    *("amidated", "is_amidated", "amidation", "c_amidated", "c_amidation", "c_amide", "c_terminal_amidation"),
    *("c_terminal_amide", "c_term_amide", "c_terminally_amidated"),
)
_BOTH = ("end_groups", "end_group", "ends", "termini", "terminal_groups", "terminal_modifications", "caps", "capping")
_CHANGES = (
    *("modification", "modifications", "chemical_modification", "chemical_modifications", "mods"),
    *("peptide_modification", "peptide_modifications", "other_modifications", "modified_residues", "ptm", "ptms"),
    *("acetylation", "phosphorylation", "glycosylation", "lipidation", "pegylation", "methylation", "n_methylation"),
    *("phosphorylated", "glycosylated", "lipidated", "pegylated", "methylated", "n_methylated", "biotinylated"),
    *("biotinylation", "conjugate", "fluorescent_label", "unusual_amino_acids", "non_standard_residues"),
    *("conjugation", "unnatural_residues", "unnatural_amino_acids", "non_natural_amino_acids", "noncanonical_residues"),
)
_CYCLES = (
    *("cyclic", "is_cyclic", "cyclized", "cyclised", "cyclization", "cyclisation", "cyclo", "macrocycle"),
    *("disulfide", "disulfides", "disulphide", "disulfide_bond", "disulfide_bonds", "disulfide_bridge"),
    *("disulfide_bridges", "disulphide_bond", "disulphide_bonds", "ss_bond", "ss_bonds", "s_s_bonds", "bridges"),
    *("topology", "linear_cyclic", "cyclic_linear", "intrachain_bond", "intrachain_bonds", "interchain_bonds"),
    *("stapled", "staple", "lactam_bridge", "crosslink", "crosslinks"),
)
_CHIRALITY = (
    *("chirality", "stereochemistry", "stereo", "enantiomer", "d_residues", "d_amino_acids"),
    *("d_positions", "d_aa", "l_d", "d_l"),
)


class Stated(NamedTuple):
    """The ends that the columns of a row state, each with its column; None where not stated."""

    n_terminus: tuple[NTerminus, str] | None = None
    c_terminus: tuple[CTerminus, str] | None = None


def stated_ends(fields: Mapping[str, str]) -> Stated:
    """Return the ends stated by all qualifying columns of a row.

    Raises:
        InvalidObjectError: if one is incompatible with linear chains of L-residues, or two differ; the error
            names the column.
    """
    n_terminus: tuple[NTerminus, str] | None = None
    c_terminus: tuple[CTerminus, str] | None = None
    for column, read in _READERS.items():
        text = _plain(fields.get(column, ""))
        if text.casefold() in _UNSTATED:
            continue
        n_found, c_found = read(column, text)
        for met, result in ((n_terminus, n_found), (c_terminus, c_found)):
            if met and result and met[0] != result:
                _refuse(column, f"the column says {result}, the column {met[1]} {met[0]}: which is it?")
        n_terminus = n_terminus or (n_found and (n_found, column))
        c_terminus = c_terminus or (c_found and (c_found, column))
    return Stated(n_terminus, c_terminus)


_Ends = tuple["NTerminus | None", "CTerminus | None"]


def _plain(text: str) -> str:
    return " ".join(text.translate(_DASHES).split()).strip("- ")


def _refuse(column: str, detail: str) -> NoReturn:
    raise InvalidObjectError(column, detail)


def _n_end(column: str, text: str) -> _Ends:
    if text.casefold() not in _N_WORDS:
        _refuse(column, f"the end group {text!r} is not supported: it is free or acetyl")
    return _N_WORDS[text.casefold()], None


def _c_end(column: str, text: str) -> _Ends:
    if text.casefold() not in _C_WORDS:
        _refuse(column, f"the end group {text!r} is not supported: it is free or amide")
    return None, _C_WORDS[text.casefold()]


def _acetylated(column: str, text: str) -> _Ends:
    return ("acetyl", None) if text.casefold() in _YES else ("free", None) if _is_no(text) else _n_end(column, text)


def _amidated(column: str, text: str) -> _Ends:
    return (None, "amide") if text.casefold() in _YES else (None, "free") if _is_no(text) else _c_end(column, text)


def _is_no(text: str) -> bool:
    return text.casefold() in _NO


def _both_ends(column: str, text: str) -> _Ends:
    pieces = [piece.strip("- ") for piece in _BETWEEN.split(text.casefold())]
    if len(pieces) == 1:
        pieces = [piece.strip() for piece in pieces[0].split("-")]
    if pieces[0] in _BOTH_FREE and len(pieces) == 1:
        return "free", "free"
    if len(pieces) != len(Stated._fields) or pieces[0] not in _N_WORDS or pieces[1] not in _C_WORDS:
        _refuse(column, f"the end groups {text!r} are not read: write both, as in Ac/NH2 or H/OH")
    return _N_WORDS[pieces[0]], _C_WORDS[pieces[1]]


def _changes(column: str, text: str) -> _Ends:
    is_acetyl = is_amide = False
    for piece in _BETWEEN.split(text):
        folded = piece.casefold()
        if _N_ACETYL.fullmatch(folded):
            is_acetyl = True
        elif _C_AMIDE.fullmatch(folded):
            is_amide = True
        elif folded not in _UNSTATED | _UNCHANGED:
            _refuse(column, f"the modification {piece!r} is not supported: {ONLY}, with N-acetyl or C-amide")
    return "acetyl" if is_acetyl else None, "amide" if is_amide else None


def _cycles(column: str, text: str) -> _Ends:
    if text.casefold() not in _UNCHANGED:
        _refuse(column, f"{text!r}: cyclic and bridged peptides are not supported, {ONLY}")
    return None, None


def _chirality(column: str, text: str) -> _Ends:
    if text.casefold() not in _L_ONLY:
        _refuse(column, f"{text!r}: D-residues are not supported, {ONLY}")
    return None, None


def _readers() -> Iterator[tuple[str, Callable[[str, str], _Ends]]]:
    yield from (("n_terminus", _n_end), ("c_terminus", _c_end))
    groups = (
        *((_N_COLUMNS, _n_end), (_C_COLUMNS, _c_end), (_ACETYLATED, _acetylated), (_AMIDATED, _amidated)),
        *((_BOTH, _both_ends), (_CHANGES, _changes), (_CYCLES, _cycles), (_CHIRALITY, _chirality)),
    )
    for columns, read in groups:
        yield from ((column, read) for column in columns)


_READERS = dict(_readers())
_ANSWERS = ("", "_s", "_y_n", "_yes_no")
"""Suffixes of a name in headers such as `Modification(s)` and `Cyclic (Y/N)`."""
QUALIFYING_COLUMNS = {column: tuple(f"{column}{rest}" for rest in _ANSWERS) for column in _READERS}
"""Each column's name and the headers it may have."""
