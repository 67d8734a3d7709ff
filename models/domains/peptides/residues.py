"""The twenty proteinogenic residues and their literature scales. Knows no peptides and no campaign.

Sources of the table's columns:

- hydropathy: Kyte & Doolittle, J. Mol. Biol. 157:105 (1982);
- consensus hydrophobicity, normalised: Eisenberg, Schwarz, Komaromy & Wall, J. Mol. Biol. 179:125 (1984);
- z1 (lipophilicity), z2 (bulk), z3 (polarity and charge): Sandberg et al., J. Med. Chem. 41:2481 (1998).
"""

import numpy as np
import numpy.typing as npt

_TABLE: dict[str, tuple[str, float, float, float, float, float]] = {
    # code, hydropathy, consensus, z1, z2, z3
    "A": ("ALA", 1.8, 0.62, 0.24, -2.32, 0.60),
    "C": ("CYS", 2.5, 0.29, 0.84, -1.67, 3.71),
    "D": ("ASP", -3.5, -0.90, 3.98, 0.93, 1.93),
    "E": ("GLU", -3.5, -0.74, 3.11, 0.26, -0.11),
    "F": ("PHE", 2.8, 1.19, -4.22, 1.94, 1.06),
    "G": ("GLY", -0.4, 0.48, 2.05, -4.06, 0.36),
    "H": ("HIS", -3.2, -0.40, 2.47, 1.95, 0.26),
    "I": ("ILE", 4.5, 1.38, -3.89, -1.73, -1.71),
    "K": ("LYS", -3.9, -1.50, 2.29, 0.89, -2.49),
    "L": ("LEU", 3.8, 1.06, -4.28, -1.30, -1.49),
    "M": ("MET", 1.9, 0.64, -2.85, -0.22, 0.47),
    "N": ("ASN", -3.5, -0.78, 3.05, 1.62, 1.04),
    "P": ("PRO", -1.6, 0.12, -1.66, 0.27, 1.84),
    "Q": ("GLN", -3.5, -0.85, 1.75, 0.50, -1.44),
    "R": ("ARG", -4.5, -2.53, 3.52, 2.50, -3.50),
    "S": ("SER", -0.8, -0.18, 2.39, -1.07, 1.15),
    "T": ("THR", -0.7, -0.05, 0.75, -2.18, -1.12),
    "V": ("VAL", 4.2, 1.08, -2.59, -2.64, -1.54),
    "W": ("TRP", -0.9, 0.81, -4.36, 3.94, 0.59),
    "Y": ("TYR", -1.3, 0.26, -2.54, 2.44, 0.43),
}

RESIDUES = "".join(_TABLE)
"""One-letter codes in alphabetical order; a residue's number is its index here."""

THREE_LETTER = {row[0]: residue for residue, row in _TABLE.items()}
"""Three-letter code, in upper case -> one-letter code."""

HYDROPATHY = np.array([row[1] for row in _TABLE.values()])
"""[20]"""
CONSENSUS_HYDROPHOBICITY = np.array([row[2] for row in _TABLE.values()])
"""[20]"""
Z_SCALES = np.array([row[3:] for row in _TABLE.values()])
"""[20, 3]"""

ACID_PKA = {"D": 3.90, "E": 4.25, "C": 8.55, "Y": 9.84}
BASE_PKA = {"H": 6.54, "K": 10.40, "R": 12.3}
N_TERMINUS_PKA = 8.00
C_TERMINUS_PKA = 3.67
"""pK in alanine pentapeptides, 0.1 M KCl, 25 C.

Thurlkill, Grimsley, Scholtz & Pace, Protein Sci. 15:1214 (2006), Asp as corrected in Protein Sci. 18:247
(2009), Arg as adopted in J. Biol. Chem. 284:13285 (2009).
"""

_CODES = np.frombuffer(RESIDUES.encode(), dtype=np.uint8)


def numbers(sequence: str) -> npt.NDArray[np.int64]:
    """Return the residue numbers [L] of a sequence of one-letter codes."""
    return np.searchsorted(_CODES, np.frombuffer(sequence.encode(), dtype=np.uint8)).astype(np.int64)
