"""What a specification may say of a list of molecules. Torch-free; loads no chemistry."""

from typing import Annotated

from pydantic import Field

from models.domains.collections import ListOrCollection
from models.domains.molecules.limits import MAX_LISTED_LENGTH, MOST_LISTED
from models.specs.base import DomainSpec, field_error

Listed = ListOrCollection[
    Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_LISTED_LENGTH)], ...],
        Field(min_length=1, max_length=MOST_LISTED),
    ]
]
"""The field of a list: a few SMILES, or a collection."""
OF_BUILDING = (
    *("max_heavy_atoms", "max_fragments", "vocabulary_size", "fragmentation", "max_ring_size"),
    "fragments",
)
"""Fields that only matter where molecules are built; rules such as `leads` and `forbidden` hold for lists."""


def check_builder(spec: DomainSpec, *, is_list: bool, has_list: bool, is_new: bool) -> None:
    """Check that a list stands where it is read, and nothing beside it that is not.

    Raises:
        PydanticCustomError: naming the field.
    """
    if is_list != has_list:
        message = "builder library needs a list in `library`, and no other builder does"
        raise field_error("/library", message)
    for name in OF_BUILDING if is_list and is_new else ():
        if getattr(spec, name) != type(spec).model_fields[name].get_default():
            message = "builder library does not read it: leave it out, or constrain a computed property"
            raise field_error(f"/{name}", message)
