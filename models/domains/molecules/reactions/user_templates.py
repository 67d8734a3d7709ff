"""Templates that users write: reaction SMARTS whose reactants are patterns of their own. Torch-free.

Each reactant's pattern is a group that must occur exactly once. What a template changes is not known, so
groups of products are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem

from models.domains.molecules.chemistry.matching import MAX_SMARTS_LENGTH, read_smarts
from models.domains.molecules.reactions.execution import reaction
from models.domains.molecules.reactions.groups import Group
from models.domains.molecules.reactions.templates import Guard, Template

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from rdkit.Chem import rdChemReactions

    from models.domains.molecules.reactions.spec import UserTemplate

MOST_REACTANTS = 2


class InvalidTemplateError(ValueError):
    """A reaction SMARTS is no template of this space; the message says what to change."""


def compiled(entry: UserTemplate) -> tuple[Template, tuple[Group, ...]]:
    """Return a user's template, and the groups that its guards name.

    Raises:
        InvalidTemplateError: if it is no reaction of one or two reactants to one product.
    """
    checked = _reaction(entry.smarts)
    forbidden = tuple(_group(Chem.MolToSmarts(_pattern(text))) for text in entry.forbids)
    forbids = frozenset(group.name for group in forbidden)
    needed = tuple(_group(_unmapped(pattern)) for pattern in checked.GetReactants())
    retro = _reversed(checked)
    try:
        reaction(retro)
    except (ValueError, RuntimeError) as error:
        raise InvalidTemplateError(f"it cannot be reversed: {error}") from error
    template = Template(
        name=entry.name,
        family=entry.name,
        smarts=entry.smarts.strip(),
        retro=retro,
        guards=tuple(Guard(frozenset({group.name}), forbids - {group.name}) for group in needed),
        conditions=entry.conditions,
        expected_yield=entry.expected_yield,
    )
    return template, (*needed, *forbidden)


def _reaction(smarts: str) -> rdChemReactions.ChemicalReaction:
    if len(smarts) > 2 * MAX_SMARTS_LENGTH:
        raise InvalidTemplateError(
            f"it has {len(smarts)} characters; at most {2 * MAX_SMARTS_LENGTH} are read"
        )
    try:
        result = reaction(smarts.strip())
        n_errors = result.Validate(silent=True)[1]
        for pattern in result.GetReactants():
            read_smarts(Chem.MolToSmarts(pattern))
    except (ValueError, RuntimeError) as error:
        raise InvalidTemplateError(f"{smarts[:80]!r} is no reaction SMARTS: {error}") from error
    if n_errors:
        raise InvalidTemplateError(f"{smarts[:80]!r} is no valid reaction SMARTS")
    n_reactants, n_products = result.GetNumReactantTemplates(), result.GetNumProductTemplates()
    if not 1 <= n_reactants <= MOST_REACTANTS or n_products != 1:
        raise InvalidTemplateError(
            f"it has {n_reactants} reactants and {n_products} products; one or two reactants make one product"
        )
    if any("." in Chem.MolToSmarts(pattern) for pattern in result.GetReactants()):
        raise InvalidTemplateError("a reactant is one molecule: write no components in parentheses")
    return result


def _pattern(text: str) -> Chem.Mol:
    try:
        return read_smarts(text)
    except ValueError as error:
        raise InvalidTemplateError(f"forbids: {error}") from error


def _group(smarts: str) -> Group:
    return Group(name=smarts, smarts=smarts)


def _unmapped(pattern: Chem.Mol) -> str:
    copy = Chem.Mol(pattern)
    for atom in copy.GetAtoms():
        atom.SetAtomMapNum(0)
    return str(Chem.MolToSmarts(copy))


def _reversed(checked: rdChemReactions.ChemicalReaction) -> str:
    """Return the reversed reaction: what the product lacks is written as plain atoms.

    Raises:
        InvalidTemplateError: if an atom that leaves may be several elements.
    """
    product = Chem.MolToSmarts(checked.GetProductTemplate(0))
    kept = {atom.GetAtomMapNum() for atom in checked.GetProductTemplate(0).GetAtoms()} - {0}
    return f"{product}>>{'.'.join(_plain(pattern, kept) for pattern in checked.GetReactants())}"


def _plain(pattern: Chem.Mol, kept: AbstractSet[int]) -> str:
    copy = Chem.RWMol(pattern)
    for atom in pattern.GetAtoms():
        number = atom.GetAtomMapNum()
        is_kept = number in kept
        if not is_kept and not _is_one_element(atom):
            raise InvalidTemplateError(
                f"{atom.GetSmarts()} leaves and may be several elements: write one template for each"
            )
        copy.ReplaceAtom(atom.GetIdx(), Chem.AtomFromSmarts(_plain_atom(atom, number if is_kept else 0)))
    return str(Chem.MolToSmarts(copy))


def _is_one_element(atom: Chem.Atom) -> bool:
    smarts = atom.GetSmarts()
    return atom.GetAtomicNum() > 0 and "," not in smarts and "!" not in smarts


def _plain_atom(atom: Chem.Atom, number: int) -> str:
    """Return an atom as its element; aromatic nitrogen keeps a hydrogen, ions their charge."""
    symbol = atom.GetSymbol()
    smarts = atom.GetSmarts()
    is_generic = atom.GetAtomicNum() == 0
    if atom.GetIsAromatic():
        symbol = "nH" if symbol == "N" and "H" in smarts else symbol.lower()
    elif f"#{atom.GetAtomicNum()}" in smarts and number:
        symbol = f"#{atom.GetAtomicNum()}"
    charge = atom.GetFormalCharge()
    label = f":{number}" if number else ""
    return f"[{'*' if is_generic else symbol}{f'{charge:+d}' if charge else ''}{label}]"
