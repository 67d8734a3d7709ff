"""Materials as compositions of elements or as mixtures with process conditions, offered as one plug-in."""

from models.domains.contract import Domain, Plugin
from models.domains.materials.examples import EXAMPLES
from models.domains.materials.spec import CompositionSpec, MaterialsSpec, MixtureSpec


def open_materials(spec: MaterialsSpec) -> Domain:
    """Return the space that a validated specification describes."""
    if isinstance(spec, CompositionSpec):
        from models.domains.materials.composition.domain import CompositionDomain

        return CompositionDomain(spec)
    if isinstance(spec, MixtureSpec):
        from models.domains.materials.mixture.domain import MixtureDomain

        return MixtureDomain(spec)
    message = f"no such space: {spec.space!r}"
    raise TypeError(message)


PLUGIN = Plugin(
    kind="materials",
    summary="Compositions of elements (charge-neutral formulas), mixtures of components "
    "with process variables, or process conditions alone",
    spec=MaterialsSpec,
    open=open_materials,
    examples=EXAMPLES,
)
