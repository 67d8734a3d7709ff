"""Read and write peptides: one- and three-letter codes with end groups, HELM 2.0. Knows no campaign."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from models.domains.contract import InvalidObjectError
from models.domains.peptides.qualifiers import ONLY, stated_ends
from models.domains.peptides.residues import RESIDUES, THREE_LETTER

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from models.domains.peptides.spec import CTerminus, NTerminus

LONGEST_READ = 200
"""Residues beyond which a text is refused as a protein."""

N_CAPS: dict[str, NTerminus] = {
    **dict.fromkeys(("H", "NH2", "H2N"), "free"),
    **dict.fromkeys(("Ac", "ac", "Acetyl", "acetyl", "CH3CO"), "acetyl"),
}
C_CAPS: dict[str, CTerminus] = {
    **dict.fromkeys(("OH", "COOH", "CO2H"), "free"),
    **dict.fromkeys(("NH2", "CONH2", "am", "amide", "Amide"), "amide"),
}
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
_CYCLE = re.compile(r"(?:c|cyc|[Cc]yclo)\s*[-(\[{]")
_MONOMER = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_CODES = re.compile(r"(?:[A-Z][a-z]{2})+")
_HELM = re.compile(r"(?P<polymers>[^$]*)\$(?P<bonds>[^$]*)\$(?P<groups>[^$]*)\$(?P<notes>[^$]*)\$(?:V2\.0)?")
_CHAIN = re.compile(r"PEPTIDE1\{(?P<monomers>[^{}]*)\}")
_HEAD_TO_TAIL = re.compile(r"PEPTIDE1,PEPTIDE1,\d+:R[12]-\d+:R[12]")


class Ends(NamedTuple):
    """The end groups of a chain."""

    n_terminus: NTerminus
    c_terminus: CTerminus


class Peptide(NamedTuple):
    """A linear chain of L-residues with its end groups."""

    sequence: str
    ends: Ends


def _refuse(column: str, detail: str) -> NoReturn:
    raise InvalidObjectError(column, detail)


def _check_residues(column: str, residues: str) -> str:
    if not residues:
        _refuse(column, "the sequence has no residues")
    if len(residues) > LONGEST_READ:
        _refuse(column, f"{len(residues)} residues: more than the {LONGEST_READ} that are read as a peptide")
    if any(letter.islower() for letter in residues):
        _refuse(
            column,
            "lower-case letters often mean D-residues or modifications, which are not known here: "
            "write L-residues as ACD or Ala-Cys-Asp",
        )
    unknown = sorted(set(residues) - set(RESIDUES))
    if unknown:
        _refuse(column, f"unknown residue {', '.join(map(repr, unknown))}: known are {RESIDUES}")
    return residues


def read_sequence(
    text: str, default: Ends, fields: Mapping[str, str] | None = None, lengths: Container[int] = ()
) -> Peptide:
    """Read `ACD`, `Ac-ACD-NH2`, `NH2-ACD-COOH`, `Ala-Cys-Asp`, `Ala Cys Asp` or `H-Ala-Cys-Asp-OH`.

    An end that is not written is taken from the qualifying columns of `fields`, else from the default. If the
    expected `lengths` include three but not one, `ALA` is a chain of three.

    Raises:
        InvalidObjectError: if the text is no such chain, or contradicts a column; the error names the column.
    """
    tokens = [token.strip() for token in text.strip().translate(_DASHES).split("-")]
    stated = stated_ends(fields or {})
    n_terminus = stated.n_terminus and stated.n_terminus[0]
    c_terminus = stated.c_terminus and stated.c_terminus[0]
    if len(tokens) > 1 and tokens[0] in N_CAPS:
        n_terminus = N_CAPS[tokens.pop(0)]
    if len(tokens) > 1 and tokens[-1] in C_CAPS:
        c_terminus = C_CAPS[tokens.pop()]
    _refuse_other_chemistry(text)
    is_chain = is_a_code(text) and len(text.strip()) in lengths and 1 not in lengths
    if "helm" not in (fields or {}) and not is_chain:
        _refuse_two_readings(tokens)
    peptide = Peptide(_residues(tokens), Ends(n_terminus or default.n_terminus, c_terminus or default.c_terminus))
    check_ends(peptide, fields or {})
    return peptide


def check_ends(peptide: Peptide, fields: Mapping[str, str]) -> None:
    """Check that the qualifying columns, if any, state the ends of a peptide.

    Raises:
        InvalidObjectError: if one states another or an unknown end; the error names the column.
    """
    for written, stated in zip(peptide.ends, stated_ends(fields), strict=True):
        if stated is not None and stated[0] != written:
            _refuse(stated[1], f"the column says {stated[0]}, the peptide is written with {written}: which is it?")


def _refuse_other_chemistry(text: str) -> None:
    """Refuse notation of other kinds of peptides, naming the unsupported feature."""
    if _CYCLE.match(text.strip()):
        _refuse("sequence", f"cyclic peptides are not supported: {ONLY}")
    if monomer := _MONOMER.search(text):
        name = monomer[1].strip()
        _refuse("sequence", f"the monomer or modification {name!r} is not supported: {ONLY}, without a monomer library")


def _residues(tokens: Sequence[str]) -> str:
    """Return the residues of a chain without its end groups, cut at its hyphens."""
    words = [word for token in tokens for word in (token.split() or [""])]
    if len(words) == 1 and not _is_code_row(words[0]):
        return _check_residues("sequence", words[0])
    if len(words) == 1:
        words = re.findall("...", words[0])
    elif len(words) > len(tokens) and not all(word.upper() in THREE_LETTER for word in words):
        _refuse(
            "sequence",
            "two chains, or a chain with blanks: white space is a line wrap only inside one record of "
            "a FASTA file; give each chain a row of its own",
        )
    if unknown := [word for word in words if word.upper() not in THREE_LETTER]:
        _refuse("sequence", _why_no_code(unknown[0], words))
    if small := [word for word in words if word[0].islower()]:
        _check_residues("sequence", small[0])
    return _check_residues("sequence", "".join(THREE_LETTER[word.upper()] for word in words))


def _refuse_two_readings(tokens: Sequence[str]) -> None:
    """Refuse capitals that are both one-letter codes and consecutive three-letter codes: `ALACYS`."""
    word = tokens[0]
    codes = re.findall("...", word)
    if len(tokens) > 1 or "".join(codes) != word or not all(code in THREE_LETTER for code in codes):
        return
    if word and set(word) <= set(RESIDUES):
        three = "-".join(code.capitalize() for code in codes)
        _refuse(
            "sequence",
            f"{word!r} may be {three} or {len(word)} residues in one-letter codes: write {three}, "
            f"or say the latter in a column helm, as PEPTIDE1{{{'.'.join(word)}}}$$$$V2.0",
        )


def is_a_code(text: str) -> bool:
    """Return whether a capitalised text is both a three-letter code and a chain of one-letter codes."""
    return text.strip() in THREE_LETTER and set(text.strip()) <= set(RESIDUES)


def _is_code_row(word: str) -> bool:
    """Return whether a word is consecutive three-letter codes, each with one capital (`AlaCysAsp`)."""
    return bool(_CODES.fullmatch(word)) and all(code.upper() in THREE_LETTER for code in re.findall("...", word))


def _why_no_code(word: str, words: Sequence[str]) -> str:
    why = f"{word!r} is no end group and no three-letter code of a proteinogenic residue"
    if word in ("D", "d", "L", "l"):
        return f"{why}: D-residues are not supported, {ONLY}"
    if all(set(other) <= set(RESIDUES) for other in words):
        return f"{why}: gaps and breaks between chains are not read"
    return f"{why}: {ONLY}"


def read_canonical(text: str, default: Ends) -> Peptide:
    """Return the peptide of a text that `write_sequence` wrote."""
    n_cap, _, rest = text.rpartition("-")[0].partition("-")
    if not n_cap:
        return Peptide(text, default)
    return Peptide(rest, Ends(N_CAPS[n_cap], C_CAPS[text.rpartition("-")[2]]))


def write_sequence(peptide: Peptide, default: Ends) -> str:
    """Return the bare sequence for the default's ends, else the sequence with both ends: `Ac-ACD-OH`."""
    if peptide.ends == default:
        return peptide.sequence
    n_cap = "Ac" if peptide.ends.n_terminus == "acetyl" else "H"
    c_cap = "NH2" if peptide.ends.c_terminus == "amide" else "OH"
    return f"{n_cap}-{peptide.sequence}-{c_cap}"


def read_helm(text: str) -> Peptide:
    """Read one linear chain in HELM 2.0 (or 1.0) with the caps `[ac]` and `[am]`; unwritten ends are free.

    Raises:
        InvalidObjectError: naming the column `helm`.
    """
    monomers = _chain(text).split(".")
    n_terminus: NTerminus = "free"
    c_terminus: CTerminus = "free"
    if monomers[0] == "[ac]":
        n_terminus = "acetyl"
        del monomers[0]
    if monomers and monomers[-1] == "[am]":
        c_terminus = "amide"
        del monomers[-1]
    unknown = [monomer for monomer in monomers if len(monomer) != 1]
    if unknown:
        name = unknown[0].strip("[]")
        _refuse(
            "helm",
            f"monomer {name!r} is not supported: {ONLY}, with [ac] first, [am] last and no monomer library",
        )
    return Peptide(_check_residues("helm", "".join(monomers)), Ends(n_terminus, c_terminus))


def _chain(text: str) -> str:
    """Return the monomers of the only chain, as written."""
    expected = "expected one linear chain such as PEPTIDE1{A.C.D}$$$$V2.0"
    match = _HELM.fullmatch("".join(text.split()))
    if match is None:
        _refuse("helm", f"{expected}, without annotations")
    if "|" in match["polymers"]:
        _refuse("helm", f"several chains are not supported: {expected}")
    chain = _CHAIN.fullmatch(match["polymers"])
    if chain is None:
        _refuse("helm", f"{expected}; other polymers are not supported")
    if _HEAD_TO_TAIL.search(match["bonds"]):
        _refuse("helm", f"cyclic peptides are not supported: {expected}")
    if match["bonds"]:
        _refuse("helm", f"bonds between side chains such as disulfides are not supported: {expected}")
    if match["groups"] or match["notes"]:
        _refuse("helm", f"{expected}, without groups and annotations")
    return chain["monomers"]


def write_helm(peptide: Peptide) -> str:
    """Return the chain in HELM 2.0 (Pistoia Alliance)."""
    monomers = [
        *(["[ac]"] if peptide.ends.n_terminus == "acetyl" else []),
        *peptide.sequence,
        *(["[am]"] if peptide.ends.c_terminus == "amide" else []),
    ]
    return f"PEPTIDE1{{{'.'.join(monomers)}}}$$$$V2.0"
