"""The route of the installed domains."""

from functools import cache

from fastapi import APIRouter

from models.domains import installed
from models.domains.contract import Plugin
from service.api.dependencies import UnboundedReader
from service.api.documentation import guarded
from service.exchange import batch_formats
from service.schemas.domains import BatchFormat, ComputedProperty, Domain, DomainExample, Domains

router = APIRouter(prefix="/v1/domains", tags=["domains"])


@router.get("", responses=guarded())
def list_domains(_caller: UnboundedReader) -> Domains:
    """List what can be designed here: specifications, computed properties, file formats and examples."""
    return Domains(items=[_describe(kind) for kind in installed()])


@cache
def _describe(kind: str) -> Domain:
    plugin: Plugin = installed()[kind]
    first, _ = plugin.examples[0]
    domain = plugin.open(plugin.spec.model_validate(first))
    computed = [
        ComputedProperty(
            name=name,
            description=item.description,
            units=item.units,
            range=item.range,
            is_on_request=item.is_on_request,
        )
        for name, item in sorted(domain.computed.items())
    ]
    formats = {"json": "application/json", **batch_formats(domain)}
    return Domain(
        kind=kind,
        summary=plugin.summary,
        json_schema=plugin.spec.model_json_schema(),
        computed=computed,
        formats=[BatchFormat(name=name, media_type=media_type) for name, media_type in formats.items()],
        object_columns=list(domain.object_columns),
        examples=[
            DomainExample(spec={"kind": kind, **spec}, objects=[dict(item) for item in objects])
            for spec, objects in plugin.examples
        ],
    )
