"""Whether a link's mapping fits its campaign and its kind: all that is known before anything is sent."""

from collections.abc import Iterator, Mapping
from typing import get_args

from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import Outcome, Relation
from models.specs.base import json_pointer
from service.exchange import batch_formats
from service.exchange.units import UnitsError, check_known
from service.lims.contract import Connector as Kind
from service.lims.mapping_specs import LinkMapping, OrderMapping, ResultMapping

Problem = tuple[str, str]
"""A JSON pointer into the mapping, and what is wrong there."""
_CHOICES = {"outcome": get_args(Outcome), "relation": get_args(Relation)}


def mapping_problems(
    mapping: LinkMapping, spec: CampaignSpec, kind: type[Kind], columns: frozenset[str]
) -> Iterator[Problem]:
    """Yield what of a mapping cannot work.

    Args:
        mapping: the link's.
        spec: the campaign's.
        kind: the connector's.
        columns: further columns that the campaign's candidates have, besides those of the domain.
    """
    known = _sources(spec, columns)
    order = mapping.order or OrderMapping()
    for part, fields in (("materials", mapping.materials.fields), ("order", order.fields)):
        for name, source in fields.items():
            if detail := _source_problem(source, known, is_order=part == "order"):
                yield json_pointer(part, "fields", name), detail
    yield from _order_problems(mapping, spec)
    seen: dict[str, int] = {}
    for index, rule in enumerate(mapping.results):
        place = json_pointer("results", index)
        if rule.source in seen:
            yield (
                f"{place}/source",
                f"{rule.source!r} is mapped twice; the first is results/{seen[rule.source]}",
            )
        seen.setdefault(rule.source, index)
        for pointer, detail in _rule_problems(rule, spec):
            yield place + pointer, detail
    if mapping.folder is not None and kind.manners.needs_address:
        yield "/folder", f"{kind.title} has no folders: leave it out"


def _sources(spec: CampaignSpec, columns: frozenset[str]) -> Mapping[str, frozenset[str]]:
    domain = open_domain(spec.domain)
    return {
        "column": columns | {*domain.object_columns, *domain.qualifying_columns},
        "property": frozenset(spec.reported()),
        "prediction": frozenset(item.name for item in spec.objectives if item.computed is None),
    }


def _source_problem(source: str, known: Mapping[str, frozenset[str]], *, is_order: bool) -> str | None:
    kind, _, name = source.partition(":")
    if source.startswith("=") or kind not in known or not name:
        return None
    if is_order:
        return f"{source!r} is of a candidate, and an order is of a whole batch"
    wanted = name.rpartition(".")[0] if kind == "prediction" else name
    if wanted in known[kind]:
        return None
    choice = ", ".join(sorted(known[kind])) or "none"
    what = {"column": "column", "property": "computed property", "prediction": "measured objective"}[kind]
    return f"the campaign has no {what} {wanted[:60]!r}; it has {choice}"


def _order_problems(mapping: LinkMapping, spec: CampaignSpec) -> Iterator[Problem]:
    offered = batch_formats(open_domain(spec.domain))
    for index, name in enumerate(mapping.order.files if mapping.order else ()):
        if name not in offered:
            choice = ", ".join(sorted(offered))
            yield (
                json_pointer("order", "files", index),
                f"a batch is not written as {name[:40]!r}; as {choice}",
            )


def _rule_problems(rule: ResultMapping, spec: CampaignSpec) -> Iterator[Problem]:
    types = {name.casefold() for name in spec.quantities()}
    types |= {item.name.casefold() for item in spec.objectives if item.assay_type is not None}
    for pointer, text in _constants(rule, "type"):
        if text.casefold() not in types:
            yield pointer, f"the campaign reads no assay type {text[:60]!r}; it reads {_listed(spec)}"
    for pointer, text in _constants(rule, "units"):
        try:
            check_known(text)
        except UnitsError as error:
            yield pointer, str(error)
    for name, choice in _CHOICES.items():
        for pointer, text in _constants(rule, name):
            if text not in choice:
                yield pointer, f"{text[:60]!r} is no {name}: it is one of {', '.join(choice)}"


def _listed(spec: CampaignSpec) -> str:
    return ", ".join(spec.quantities()) or "nothing"


def _constants(rule: ResultMapping, name: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of ours that a field of rows can become, with their places."""
    source = rule.row.get(name, "")
    if source.startswith("="):
        yield json_pointer("row", name), source[1:]
    for word, text in rule.words.get(name, {}).items():
        yield json_pointer("words", name, word), text
