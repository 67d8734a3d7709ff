"""What a specification may say of a list of molecules. Torch-free; loads no chemistry."""

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from models.domains.collections import CollectionReference, kind_of_list
from models.domains.molecules.limits import MAX_LISTED_LENGTH, MOST_LISTED
from models.specs.base import DomainSpec, field_error

Listed = Annotated[
    Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=MAX_LISTED_LENGTH)], ...],
        Field(min_length=1, max_length=MOST_LISTED),
        Tag("list"),
    ]
    | Annotated[CollectionReference, Tag("collection")],
    Discriminator(kind_of_list),
]
"""The field of a list: a few SMILES, or a collection."""
OF_BUILDING = (
    "max_heavy_atoms",
    "max_fragments",
    "max_ring_size",
    "vocabulary_size",
    "fragmentation",
    "fragments",
    "scaffold",
    "grow",
    "link",
)
"""Fields that only matter where molecules are built."""


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
