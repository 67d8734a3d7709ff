"""Stereoisomers that a canonical text leaves open: listed, counted, and compared. Torch-free.

Knows no policy of a campaign. Configurations that change in solution are ignored: those of C=N bonds but in
oximes, hydrazones and nitrones.
"""

from __future__ import annotations

from functools import cache, lru_cache

from rdkit import Chem, rdBase
from rdkit.Chem import StereoGroupType, rdDistGeom, rdMolDescriptors
from rdkit.Chem.EnumerateStereoisomers import EnumerateStereoisomers, StereoEnumerationOptions

from models.domains.molecules.chemistry.molecules import canonical_fixpoint, molecule
from models.domains.molecules.chemistry.stereo import flat, mirrored

MOST_COUNTED = 32
"""Isomers that are told apart when they are counted; above, only an upper bound is given."""
SEED = 7
"""Of the isomers that are picked where there are more than may be listed, and of embeddings."""
EMBEDDINGS = 5
"""Attempts to embed an isomer of a bridged molecule."""
NONE, DEFINED, RACEMATE = "none", "defined", "racemate"
_MIXED, _UNKNOWN = StereoGroupType.STEREO_AND, StereoGroupType.STEREO_OR


@lru_cache(maxsize=20_000)
def stereoisomers(text: str, most: int) -> tuple[str, ...]:
    """Return the isomers that a text leaves open, sorted, at most `most`; itself where nothing is open.

    In bridged rings only isomers of which a conformer can be embedded count.
    """
    return tuple(sorted(map(canonical_fixpoint, _isomers(molecule(text), most))))


@lru_cache(maxsize=20_000)
def statement(text: str) -> str:
    """Return which stereoisomers a text stands for.

    `none` without stereocentres, `defined` for one isomer, `racemate` for two mirror images, else such as
    `2 of 4 isomers`, or `1 of 2 isomers, not known which`.
    """
    mol = molecule(text)
    unknown = [group for group in mol.GetStereoGroups() if group.GetGroupType() == _UNKNOWN]
    here, everything = _isomers(mol, MOST_COUNTED), _isomers(flat(mol), MOST_COUNTED)
    if len(everything) == 1:
        return NONE
    if len(here) == 1:
        return DEFINED
    if len(here) == 2 and not unknown and _are_mirror_images(here):  # noqa: PLR2004 - a pair
        return RACEMATE
    if unknown:
        return f"1 of {len(here)} isomers, not known which"
    bound = "at least " if len(everything) == MOST_COUNTED else ""
    return f"{len(here)} of {bound}{len(everything)} isomers"


def made_as(proposed: str, made: str) -> str | None:
    """Return in words how a compound that was made is a form of the proposed one; None if it is another.

    It may be one isomer of a proposed mixture, or a mixture that contains the proposed isomer.
    """
    left, right = molecule(proposed), molecule(made)
    whole = Chem.MolToSmiles(flat(left))
    if proposed == made or whole != Chem.MolToSmiles(flat(right)):
        return None
    wanted, found = set(_isomers(left, MOST_COUNTED)), set(_isomers(right, MOST_COUNTED))
    if proposed == whole or found < wanted:
        return (
            "one stereoisomer of what was proposed"
            if len(found) == 1
            else "fewer stereoisomers than proposed"
        )
    if made == whole or wanted < found:
        return "a mixture of stereoisomers that contains the proposed one"
    return None


def _isomers(mol: Chem.Mol, most: int) -> list[str]:
    """Return SMILES of the isomers that a molecule leaves open, each once."""
    options = StereoEnumerationOptions(onlyUnassigned=True, unique=True, maxIsomers=most, rand=SEED)
    is_bridged = rdMolDescriptors.CalcNumBridgeheadAtoms(mol) > 0
    with rdBase.BlockLogs():
        drawn = list(EnumerateStereoisomers(Chem.Mol(mol), options))  # type: ignore[no-untyped-call] # RDKit
        possible = [isomer for isomer in drawn if _can_be_embedded(isomer)] if is_bridged else drawn
        settled = map(_settled, possible or drawn)
        return list(dict.fromkeys(Chem.MolToSmiles(isomer) for isomer in settled))


def _can_be_embedded(mol: Chem.Mol) -> bool:
    """Return whether a conformer of an isomer is found soon; bridged rings exclude some configurations."""
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed, parameters.maxIterations = SEED, EMBEDDINGS
    return bool(rdDistGeom.EmbedMolecule(Chem.AddHs(mol), parameters) == 0)


def _settled(mol: Chem.Mol) -> Chem.Mol:
    """Return a molecule without stereo groups and without configurations that change in solution."""
    editable = Chem.RWMol(mol)
    editable.SetStereoGroups([])
    for match in editable.GetSubstructMatches(_fluxional()):
        bond = editable.GetBondBetweenAtoms(*match[:2])
        bond.SetStereo(Chem.BondStereo.STEREONONE)
        for end in (bond.GetBeginAtom(), bond.GetEndAtom()):
            for beside in end.GetBonds():
                beside.SetBondDir(Chem.BondDir.NONE)
    return editable.GetMol()


def _are_mirror_images(texts: list[str]) -> bool:
    left, right = (Chem.MolFromSmiles(text) for text in texts)
    return bool(Chem.MolToSmiles(mirrored(left)) == Chem.MolToSmiles(right))


@cache
def _fluxional() -> Chem.Mol:
    return Chem.MolFromSmarts("[C;X3]=[N;X2;!$(N[O,N])]")
