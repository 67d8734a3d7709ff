"""What a campaign does about structural alerts of the public catalogues. Torch-free."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from models.specs.base import FrozenModel, Text, field_error, is_stored

Catalogue = Literal[
    "PAINS",
    "PAINS_A",
    "PAINS_B",
    "PAINS_C",
    "BRENK",
    "NIH",
    "CHEMBL",
    "CHEMBL_BMS",
    "CHEMBL_Dundee",
    "CHEMBL_Glaxo",
    "CHEMBL_Inpharmatica",
    "CHEMBL_LINT",
    "CHEMBL_MLSMR",
    "CHEMBL_SureChEMBL",
    "ZINC",
]
"""Catalogues that RDKit ships."""
_SPELLINGS = {name.casefold(): name for name in Catalogue.__args__}  # type: ignore[attr-defined] # of every Literal


def _spelled(name: Any) -> Any:
    return _SPELLINGS.get(name.casefold(), name) if isinstance(name, str) else name


AnyCase = Annotated[Catalogue, BeforeValidator(_spelled)]


class AlertPolicy(FrozenModel):
    """Which catalogues refuse a proposal and which are only reported.

    It holds for proposals and for the fragments of which they are built. Measured molecules with alerts stay
    data. Our own list of unstable groups blocks whatever is said here.
    """

    block: tuple[AnyCase, ...] = Field(
        default=("BRENK",), description="Catalogues whose alerts no proposal may have."
    )
    flag: tuple[AnyCase, ...] = Field(
        default=("PAINS",), description="Catalogues whose alerts are reported with each candidate."
    )
    ignore: tuple[Text, ...] = Field(
        default=(),
        max_length=200,
        description="Alerts that count for nothing, with their catalogue, such as `BRENK: aniline`.",
    )

    @model_validator(mode="after")
    def _is_consistent(self, info: ValidationInfo) -> Self:
        if is_stored(info):
            return self
        for index, name in enumerate(self.flag):
            if name in self.block:
                raise field_error(
                    f"/flag/{index}", f"{name} is blocked: name it in block or in flag, not both"
                )
        for index, alert in enumerate(self.ignore):
            self._check_is_read(f"/ignore/{index}", alert)
        return self

    def _check_is_read(self, pointer: str, alert: str) -> None:
        from models.domains.molecules.chemistry.structural_alerts import alert_names

        catalogue, _, name = alert.partition(": ")
        read = (*self.block, *self.flag)
        if catalogue not in read:
            known = ", ".join(read) or "none"
            raise field_error(pointer, f"{alert!r} is of no catalogue that is read here ({known})")
        if name not in alert_names(catalogue):
            words = set(name.casefold().split())
            close = sorted(known for known in alert_names(catalogue) if words & set(known.casefold().split()))
            hint = f"; similar ones: {', '.join(close[:5])}" if close else ""
            raise field_error(pointer, f"{catalogue} has no alert {name!r}{hint}")


NOTHING_MORE = AlertPolicy(block=(), flag=())
"""The policy of campaigns of earlier releases: our own list alone."""
