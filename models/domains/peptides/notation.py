"""Read and write peptides: one- and three-letter sequences with end groups, and HELM 2.0. Knows no campaign."""

import re
from typing import NamedTuple, NoReturn

from models.domains.contract import InvalidObjectError
from models.domains.peptides.residues import RESIDUES, THREE_LETTER
from models.domains.peptides.spec import CTerminus, NTerminus

LONGEST_READ = 200
"""Residues beyond which a text is taken for a protein and refused."""

N_CAPS: dict[str, NTerminus] = {"H": "free", "Ac": "acetyl", "ac": "acetyl"}
C_CAPS: dict[str, CTerminus] = {"OH": "free", "NH2": "amide", "am": "amide"}
_HELM = re.compile(r"PEPTIDE1\{(?P<monomers>[^{}]*)\}\$\$\$\$(?:V2\.0)?")


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
            column, "lower-case letters often mean D-residues, which are not known here: write L-residues in upper case"
        )
    unknown = sorted(set(residues) - set(RESIDUES))
    if unknown:
        _refuse(column, f"unknown residue {', '.join(map(repr, unknown))}: known are {RESIDUES}")
    return residues


def _one_letter(column: str, tokens: list[str]) -> str:
    """Return the residues of a chain that was cut at its hyphens."""
    if len(tokens) == 1 and not (len(tokens[0]) == 3 and tokens[0].istitle()):  # noqa: PLR2004 - a three-letter code
        return _check_residues(column, tokens[0])
    unknown = [token for token in tokens if token.upper() not in THREE_LETTER]
    if unknown:
        _refuse(column, f"{unknown[0]!r} is no three-letter code of a proteinogenic residue")
    return _check_residues(column, "".join(THREE_LETTER[token.upper()] for token in tokens))


def read_sequence(text: str, default: Ends) -> Peptide:
    """Read `ACD`, `Ac-ACD-NH2`, `Ala-Cys-Asp` or `H-Ala-Cys-Asp-OH`; an end that is not written is the default's.

    White space is skipped (wrapped FASTA).

    Raises:
        InvalidObjectError: naming the column `sequence`.
    """
    tokens = "".join(text.split()).split("-")
    n_terminus, c_terminus = default
    if len(tokens) > 1 and tokens[0] in N_CAPS:
        n_terminus = N_CAPS[tokens.pop(0)]
    if len(tokens) > 1 and tokens[-1] in C_CAPS:
        c_terminus = C_CAPS[tokens.pop()]
    return Peptide(_one_letter("sequence", tokens), Ends(n_terminus, c_terminus))


def write_sequence(peptide: Peptide, default: Ends) -> str:
    """Return the bare sequence when the ends are the default's, else the sequence with both ends: `Ac-ACD-OH`."""
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
    match = _HELM.fullmatch("".join(text.split()))
    if match is None:
        _refuse("helm", "expected one linear chain such as PEPTIDE1{A.C.D}$$$$V2.0, without connections or annotations")
    monomers = match["monomers"].split(".")
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
        _refuse(
            "helm", f"monomer {unknown[0]!r} is not known here: only proteinogenic L-residues, [ac] first and [am] last"
        )
    return Peptide(_check_residues("helm", "".join(monomers)), Ends(n_terminus, c_terminus))


def write_helm(peptide: Peptide) -> str:
    """Return the chain in HELM 2.0 (Pistoia Alliance)."""
    monomers = [
        *(["[ac]"] if peptide.ends.n_terminus == "acetyl" else []),
        *peptide.sequence,
        *(["[am]"] if peptide.ends.c_terminus == "amide" else []),
    ]
    return f"PEPTIDE1{{{'.'.join(monomers)}}}$$$$V2.0"
