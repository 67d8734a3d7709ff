"""Stereoisomer mixtures and compounds of unknown configuration, and their notation.

A single centre with both configurations is written without one. Several mixed centres keep their relative
configuration, as do isomers of unknown configuration, in the stereo groups of CXSMILES: `|&1:1,6|` is a
mixture of the drawn isomer and the one with all these centres inverted, `|o1:1|` is one of the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem
from rdkit.Chem import StereoGroupType

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_GROUPS = 8
"""Most stereo groups of one text: finding its canonical form tries every combination."""
_ENHANCED = Chem.CXSmilesFields.CX_ENHANCEDSTEREO


def flat(mol: Chem.Mol) -> Chem.Mol:
    """Return a copy without stereochemistry."""
    copy = Chem.Mol(mol)
    Chem.RemoveStereochemistry(copy)
    return copy


def write_groups(mol: Chem.Mol) -> str:
    """Return the SMILES of a molecule, followed by its stereo groups if it has any."""
    if not mol.GetStereoGroups():
        return Chem.MolToSmiles(mol)
    canonical = Chem.CanonicalizeStereoGroups(mol, Chem.StereoGroupAbsOptions.NeverInclude)
    return str(Chem.MolToCXSmiles(canonical, Chem.SmilesWriteParams(), _ENHANCED))


def settled_groups(mol: Chem.Mol) -> tuple[Chem.Mol, list[str]]:
    """Return a molecule with the stereo groups that its text keeps, with warnings.

    Groups of known configuration are dropped; a mixture of both configurations of a lone centre loses the
    centre.
    """
    editable = Chem.RWMol(mol)
    kept, warnings, n_lone = [], [], 0
    for group in editable.GetStereoGroups():
        kind, centres = group.GetGroupType(), [atom for atom in group.GetAtoms() if _is_centre(atom)]
        if kind == StereoGroupType.STEREO_AND and len(centres) == 1:
            centres[0].SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
            n_lone += 1
        elif kind != StereoGroupType.STEREO_ABSOLUTE and centres:
            kept.append(group)
            warnings.append(_describe(kind, len(centres)))
    editable.SetStereoGroups(kept)
    if n_lone:
        counted = "a stereocentre" if n_lone == 1 else f"{n_lone} stereocentres"
        warnings.insert(
            0, f"a mixture of both configurations of {counted}: stored without configuration there"
        )
        Chem.AssignStereochemistry(editable, cleanIt=True, force=True)
    return editable.GetMol(), warnings


def one_compound(isomers: Sequence[Chem.Mol]) -> tuple[Chem.Mol, str] | None:
    """Return the compound whose stereoisomers are given, with warnings; None if they are not stereoisomers.

    Mirror images are a racemate, which keeps its relative configuration. Other isomers lose the configuration
    in which they may differ.
    """
    first = isomers[0]
    if len({Chem.MolToSmiles(flat(mol)) for mol in isomers}) > 1:
        return None
    if {Chem.MolToSmiles(mol) for mol in isomers} == {
        Chem.MolToSmiles(first),
        Chem.MolToSmiles(mirrored(first)),
    }:
        centres = [atom.GetIdx() for atom in first.GetAtoms() if _is_centre(atom)]
        editable = Chem.RWMol(first)
        editable.SetStereoGroups([Chem.CreateStereoGroup(StereoGroupType.STEREO_AND, editable, centres)])
        return editable.GetMol(), "both enantiomers are in the record: a racemate"
    message = f"{len(isomers)} stereoisomers are in the record: a mixture, stored without"
    for is_removed, lost in (
        ((True, False), "double bond configuration"),
        ((False, True), "configuration of its centres"),
    ):
        merged = [_without(mol, bonds=is_removed[0], centres=is_removed[1]) for mol in isomers]
        if len({Chem.MolToSmiles(mol) for mol in merged}) == 1:
            return merged[0], f"{message} {lost}"
    return flat(first), f"{message} stereochemistry"


def _describe(kind: StereoGroupType, n_centres: int) -> str:
    if kind == StereoGroupType.STEREO_AND:
        differing = f"{n_centres} stereocentres"
        return f"a mixture of two stereoisomers that differ in {differing}: kept as such in the text"
    return "one stereoisomer of unknown configuration: kept as such in the text, apart from the known ones"


def _is_centre(atom: Chem.Atom) -> bool:
    return bool(atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED)


def mirrored(mol: Chem.Mol) -> Chem.Mol:
    """Return the mirror image of a molecule."""
    copy = Chem.Mol(mol)
    for atom in copy.GetAtoms():
        atom.InvertChirality()
    return copy


def _without(mol: Chem.Mol, *, bonds: bool, centres: bool) -> Chem.Mol:
    copy = Chem.Mol(mol)
    if bonds:
        for bond in copy.GetBonds():
            bond.SetStereo(Chem.BondStereo.STEREONONE)
            bond.SetBondDir(Chem.BondDir.NONE)
    if centres:
        for atom in copy.GetAtoms():
            atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    return copy
