"""Computed properties of molecules: what each is, and how it is computed. Torch-free.

Slow ones are `is_on_request`: nobody waits for them unless a campaign names them.
"""

from __future__ import annotations

import contextlib
import io
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from rdkit import Chem

from models.domains.contract import ComputedProperty
from models.domains.molecules.chemistry.ionisation import PHS, acidic_groups, basic_groups, charge

if TYPE_CHECKING:
    from collections.abc import Callable

HEAVIEST, GREASIEST = 500.0, 5.0
MOST_DONORS, MOST_ACCEPTORS = 5, 10
"""Limits of the rule of five (Lipinski et al., Adv. Drug Deliv. Rev. 23, 3, 1997)."""
MOST_ROTATABLE, MOST_POLAR = 10, 140.0
"""Limits for oral bioavailability (Veber et al., J. Med. Chem. 45, 2615, 2002)."""
_SITES = "sites at which dimorphite-dl (Ropp 2019) expects a charge"

COMPUTED = {
    "qed": ComputedProperty("quantitative estimate of drug-likeness (Bickerton 2012)", range=(0.0, 1.0)),
    "sa_score": ComputedProperty("synthetic accessibility, 1 easy to 10 hard (Ertl 2009)", range=(1.0, 10.0)),
    "molecular_weight": ComputedProperty("average molecular weight", units="g/mol"),
    "logp": ComputedProperty("Wildman-Crippen octanol-water log P"),
    "tpsa": ComputedProperty("topological polar surface area", units="angstrom^2"),
    "heavy_atoms": ComputedProperty("atoms other than hydrogen"),
    "rotatable_bonds": ComputedProperty("rotatable bonds"),
    "h_bond_donors": ComputedProperty("hydrogen bond donors"),
    "h_bond_acceptors": ComputedProperty("hydrogen bond acceptors"),
    "rings": ComputedProperty("rings"),
    "aromatic_rings": ComputedProperty("aromatic rings"),
    "fraction_sp3": ComputedProperty("fraction of carbons that are sp3", range=(0.0, 1.0)),
    "aliphatic_rings": ComputedProperty("rings with a bond that is not aromatic", range=(0.0, 4.0)),
    "largest_ring": ComputedProperty("atoms of the largest ring, 0 without one", range=(0.0, 12.0)),
    "heteroatoms": ComputedProperty("atoms other than carbon and hydrogen", range=(0.0, 12.0)),
    "formal_charge": ComputedProperty("net charge of the structure as drawn", range=(-2.0, 2.0)),
    "stereocentres": ComputedProperty("stereogenic atoms and double bonds", range=(0.0, 6.0)),
    "undefined_stereocentres": ComputedProperty(
        "stereogenic atoms and double bonds without a stated configuration", range=(0.0, 4.0)
    ),
    "rule_of_five_violations": ComputedProperty(
        "of the four limits of Lipinski (1997): weight 500, log P 5, 5 donors, 10 acceptors",
        range=(0.0, 4.0),
    ),
    "veber_violations": ComputedProperty(
        "of the two limits of Veber (2002): 10 rotatable bonds, polar surface 140 angstrom^2",
        range=(0.0, 2.0),
    ),
    "np_likeness": ComputedProperty(
        "likeness to natural products, about -5 synthetic to 5 natural (Ertl 2008)",
        range=(-5.0, 5.0),
        is_on_request=True,
    ),
    **{
        f"charge_at_ph_{ph}": ComputedProperty(
            f"net charge at pH {ph} by typical pKa of each group (dimorphite-dl, Ropp 2019)",
            range=(-2.0, 2.0),
            is_on_request=True,
        )
        for ph in PHS
    },
    "acidic_groups_at_ph_7.4": ComputedProperty(f"negative {_SITES}", range=(0.0, 3.0), is_on_request=True),
    "basic_groups_at_ph_7.4": ComputedProperty(f"positive {_SITES}", range=(0.0, 3.0), is_on_request=True),
    "pains_alerts": ComputedProperty(
        "alerts for assay interference (Baell 2010)", range=(0.0, 3.0), is_on_request=True
    ),
    "brenk_alerts": ComputedProperty(
        "alerts for unwanted groups (Brenk 2008)", range=(0.0, 4.0), is_on_request=True
    ),
    "nih_alerts": ComputedProperty(
        "alerts of the NIH filters (Jadhav 2010)", range=(0.0, 4.0), is_on_request=True
    ),
    "chembl_alerts": ComputedProperty(
        "alerts of the seven sets that ChEMBL collects", range=(0.0, 10.0), is_on_request=True
    ),
}
"""A range is never added to an old property: it would change what stored campaigns aim at."""


def function_of(name: str) -> Callable[[Chem.Mol], float]:
    """Return the function of one property.

    Raises:
        KeyError: if there is no such property.
    """
    return _functions()[name]


@cache
def _functions() -> dict[str, Callable[[Chem.Mol], float]]:
    from rdkit.Chem import QED, rdMolDescriptors

    from models.domains.molecules.chemistry.structural_alerts import catalogue_alerts

    def n_alerts(mol: Chem.Mol, catalogue: str) -> int:
        return len(catalogue_alerts(mol, catalogue))

    return {
        "qed": QED.qed,
        "sa_score": _sa_score,
        "molecular_weight": rdMolDescriptors._CalcMolWt,  # noqa: SLF001 - the public name wraps this in a slow module
        "logp": _logp,
        "tpsa": rdMolDescriptors.CalcTPSA,
        "heavy_atoms": Chem.Mol.GetNumHeavyAtoms,
        "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds,
        "h_bond_donors": rdMolDescriptors.CalcNumHBD,
        "h_bond_acceptors": rdMolDescriptors.CalcNumHBA,
        "rings": rdMolDescriptors.CalcNumRings,
        "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
        "fraction_sp3": rdMolDescriptors.CalcFractionCSP3,
        "aliphatic_rings": rdMolDescriptors.CalcNumAliphaticRings,
        "largest_ring": lambda mol: max(map(len, mol.GetRingInfo().AtomRings()), default=0),
        "heteroatoms": rdMolDescriptors.CalcNumHeteroatoms,
        "formal_charge": Chem.GetFormalCharge,
        "stereocentres": lambda mol: len(Chem.FindPotentialStereo(mol)),
        "undefined_stereocentres": _undefined_stereo,
        "rule_of_five_violations": _rule_of_five,
        "veber_violations": _veber,
        "np_likeness": _np_likeness,
        **{f"charge_at_ph_{ph}": partial(charge, ph=ph) for ph in PHS},
        "acidic_groups_at_ph_7.4": partial(acidic_groups, ph=7.4),
        "basic_groups_at_ph_7.4": partial(basic_groups, ph=7.4),
        **{f"{name.lower()}_alerts": partial(n_alerts, catalogue=name) for name in _COUNTED},
    }


_COUNTED = ("PAINS", "BRENK", "NIH", "CHEMBL")


def _logp(mol: Chem.Mol) -> float:
    from rdkit.Chem import rdMolDescriptors

    return float(rdMolDescriptors.CalcCrippenDescriptors(mol)[0])


def _sa_score(mol: Chem.Mol) -> float:
    from rdkit.Contrib.SA_Score import sascorer

    return float(sascorer.calculateScore(mol))


def _np_likeness(mol: Chem.Mol) -> float:
    from rdkit.Contrib.NP_Score import npscorer

    return float(npscorer.scoreMol(mol, _natural_product_model()))


@cache
def _natural_product_model() -> Any:
    """Return the fragment scores of RDKit's wheel (Ertl et al., J. Chem. Inf. Model. 48, 68, 2008)."""
    from rdkit.Contrib.NP_Score import npscorer

    with contextlib.redirect_stderr(io.StringIO()):  # the reader prints what it does
        return npscorer.readNPModel()


def _undefined_stereo(mol: Chem.Mol) -> int:
    stereo = Chem.FindPotentialStereo(mol)
    return sum(item.specified == Chem.StereoSpecified.Unspecified for item in stereo)


def _rule_of_five(mol: Chem.Mol) -> int:
    from rdkit.Chem import rdMolDescriptors

    return (
        (function_of("molecular_weight")(mol) > HEAVIEST)
        + (_logp(mol) > GREASIEST)
        + (rdMolDescriptors.CalcNumHBD(mol) > MOST_DONORS)
        + (rdMolDescriptors.CalcNumHBA(mol) > MOST_ACCEPTORS)
    )


def _veber(mol: Chem.Mol) -> int:
    from rdkit.Chem import rdMolDescriptors

    n_rotatable, polar = rdMolDescriptors.CalcNumRotatableBonds(mol), rdMolDescriptors.CalcTPSA(mol)
    return (n_rotatable > MOST_ROTATABLE) + (polar > MOST_POLAR)
