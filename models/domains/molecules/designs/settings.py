"""What a design needs to know of a specification. Torch-free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from models.domains.molecules.alert_policy import AlertPolicy
    from models.domains.molecules.chemistry.reading import Tautomers
    from models.domains.molecules.designs.spec import (
        ExcludeSpec,
        ForbiddenPattern,
        GrowSpec,
        KnownSpec,
        LeadsSpec,
        LinkSpec,
        RequiredPattern,
        ScaffoldSpec,
    )
    from models.domains.molecules.fragments.rules import RulesName


class Settings(Protocol):
    """Those fields of a specification that are about designs, rules and lists."""

    @property
    def builder(self) -> str:
        """How molecules are built."""
        ...

    @property
    def max_heavy_atoms(self) -> int:
        """Most heavy atoms."""
        ...

    @property
    def fragmentation(self) -> RulesName:
        """The rules by which molecules are cut."""
        ...

    @property
    def tautomers(self) -> Tautomers:
        """Whether tautomers are one compound."""
        ...

    @property
    def alerts(self) -> AlertPolicy:
        """What is done about structural alerts."""
        ...

    @property
    def fragments(self) -> tuple[str, ...] | None:
        """The only fragments, if any are named."""
        ...

    @property
    def scaffold(self) -> ScaffoldSpec | None:
        """The scaffold to decorate."""
        ...

    @property
    def grow(self) -> GrowSpec | None:
        """The core to grow from."""
        ...

    @property
    def link(self) -> LinkSpec | None:
        """The ends to link."""
        ...

    @property
    def leads(self) -> LeadsSpec | None:
        """The compounds to start from."""
        ...

    @property
    def required(self) -> tuple[RequiredPattern, ...]:
        """Substructures of every candidate."""
        ...

    @property
    def forbidden(self) -> tuple[ForbiddenPattern, ...]:
        """Substructures of no candidate."""
        ...

    @property
    def exclude(self) -> ExcludeSpec | None:
        """Compounds that are never proposed."""
        ...

    @property
    def known(self) -> KnownSpec | None:
        """Compounds that the lab has."""
        ...

    @property
    def min_heavy_atoms(self) -> int:
        """Fewest heavy atoms."""
        ...

    @property
    def max_rings(self) -> int | None:
        """Most rings."""
        ...

    @property
    def max_rotatable_bonds(self) -> int | None:
        """Most rotatable bonds."""
        ...
