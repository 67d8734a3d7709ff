"""Substructure search for user patterns: SMARTS of bounded size and bounded search time. Torch-free.

Finding a subgraph takes exponential time in the worst case (Ullmann, J. ACM 23, 31, 1976), so atom
comparisons are counted. Knows no campaign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from rdkit import Chem, rdBase

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CHECKS = 100_000
"""Pairs of atoms that one search may compare: about 0.05 s. A typical search takes a hundred."""
MAX_SMARTS_LENGTH = 1_000
MAX_SMARTS_ATOMS = 100
MAX_RECURSION = 8
"""Maximum nesting depth of `$(...)`."""
_HYDROGEN = frozenset(("[H]", "[#1]", "[H+]"))
_PLAIN_ATOMS = 6
"""Pattern size that is always fast: 80 atoms of four neighbours have fewer than 80 · 3⁵ · 4 paths."""


@final
class TooComplexError(RuntimeError):
    """A search exceeded its limit of comparisons, so the presence of the substructure is unknown."""


def read_smarts(text: str) -> Chem.Mol:
    """Return the query of a SMARTS; hydrogens that are drawn are counted at the atoms that bear them.

    Raises:
        ValueError: if it cannot be read, is empty, exceeds the size limit, or asks for hydrogen alone.
    """
    text = text.strip()
    if len(text) > MAX_SMARTS_LENGTH:
        raise ValueError(f"the SMARTS has {len(text)} characters; at most {MAX_SMARTS_LENGTH} are read")
    if _recursion(text) > MAX_RECURSION:
        raise ValueError(f"{text[:80]!r}: $(...) stands in one another more than {MAX_RECURSION} deep")
    with rdBase.BlockLogs():
        query: Chem.Mol | None = Chem.MolFromSmarts(text)
    if query is None or query.GetNumAtoms() == 0:
        raise ValueError(f"{text[:80]!r} is no SMARTS")
    query = Chem.MergeQueryHs(query)
    if any(atom.GetSmarts() in _HYDROGEN for atom in query.GetAtoms()):
        raise ValueError(f"{text[:80]!r}: hydrogens are counted at their atoms, as in [NH2] or [!H0]")
    if query.GetNumAtoms() > MAX_SMARTS_ATOMS:
        raise ValueError(
            f"the SMARTS has {query.GetNumAtoms()} atoms; at most {MAX_SMARTS_ATOMS} are searched for"
        )
    return query


def search(smarts: str) -> Callable[[Chem.Mol], bool]:
    """Return the predicate for a SMARTS; it raises `TooComplexError` beyond its time limit.

    Raises:
        ValueError: see `read_smarts`.
    """
    query = read_smarts(smarts)
    if query.GetNumAtoms() <= _PLAIN_ATOMS and "$" not in smarts:
        return lambda mol: bool(mol.HasSubstructMatch(query))
    return lambda mol: bool(matches(mol, query, most=1))


def matches(
    mol: Chem.Mol, query: Chem.Mol, most: int, *, checks: int = MOST_CHECKS
) -> tuple[tuple[int, ...], ...]:
    """Return up to `most` matches of a query, including permutations of the same atoms.

    Raises:
        TooComplexError: if more than `checks` pairs of atoms would have to be compared.
    """
    left = checks

    def count(_query: Chem.Atom, _atom: Chem.Atom) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise TooComplexError(f"given up after {checks} comparisons of atoms")
        return True

    parameters = Chem.SubstructMatchParameters()
    parameters.maxMatches = most  # type: ignore[assignment] # RDKit's stubs name the class for every property
    parameters.uniquify = False  # type: ignore[assignment] # likewise
    parameters.setExtraAtomCheckFunc(count)
    result: tuple[tuple[int, ...], ...] = mol.GetSubstructMatches(query, parameters)
    return result


def _recursion(smarts: str) -> int:
    """Return the nesting depth of `$(...)`."""
    deepest = 0
    recursive: list[bool] = []
    for before, letter in zip(f" {smarts}", smarts, strict=False):
        if letter == "(":
            recursive.append(before == "$")
            deepest = max(deepest, sum(recursive))
        elif letter == ")" and recursive:
            recursive.pop()
    return deepest
