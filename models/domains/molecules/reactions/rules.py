"""What a specification may say beside `builder: reactions`. Torch-free; loads no chemistry."""

from typing import Any

from models.domains.molecules.library.rules import OF_BUILDING
from models.specs.base import DomainSpec, field_error

BUILDER = "reactions"
READ_BY_REACTIONS = {"max_heavy_atoms"}
AS_DRAWN = "as_drawn"


def with_tautomers(value: dict[str, Any]) -> dict[str, Any]:
    """Return a new specification, where products of reactions stay as reactions draw them."""
    return {"tautomers": AS_DRAWN, **value} if value.get("builder") == BUILDER else value


def check_reactions(spec: DomainSpec, *, is_made: bool, has_reactions: bool, tautomers: str) -> None:
    """Check that reactions stand where they are read, and nothing beside them that is not.

    Raises:
        PydanticCustomError: naming the field.
    """
    if has_reactions and not is_made:
        raise field_error("/reactions", "only builder reactions reads `reactions`")
    if is_made and tautomers != AS_DRAWN:
        message = "builder reactions keeps tautomers as reactions draw them: say as_drawn, or nothing"
        raise field_error("/tautomers", message)
    for name in OF_BUILDING if is_made else ():
        is_set = getattr(spec, name) != type(spec).model_fields[name].get_default()
        if is_set and name not in READ_BY_REACTIONS:
            raise field_error(f"/{name}", "builder reactions does not read it: leave it out")
