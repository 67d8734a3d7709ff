"""Tables of every field of a specification, from the descriptions that the API has as well.

`python docs/fields.py` rewrites the tables between the markers `<!-- fields: NAME -->` and `<!-- fields: end
-->` of `docs/campaigns.md`. The order of the tables and the text around them are the page's own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from models.specs.base import FrozenModel

PAGE = Path(__file__).with_name("campaigns.md")
ROOMS = ("specs", "campaign")
"""Packages of `models` whose models a user writes; the domains' own come with the specification of a
campaign."""
BASES = ("DomainSpec", "MeasuredQuantity", "MaterialsSpec")
"""Models that are only written as one of their subclasses."""
_TABLE = re.compile(r"<!-- fields: (\w+) -->\n.*?<!-- fields: end -->", re.DOTALL)
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "characters: at least {}",
    "maxLength": "characters: at most {}",
    "minItems": "items: at least {}",
    "maxItems": "items: at most {}",
    "maxProperties": "entries: at most {}",
    "pattern": "matches `{}`",
}
_LONG = 100
"""Characters of a default that a table shows; a longer one is that of the section to which the type leads."""

Model = Any
Schema = Mapping[str, Any]


def models() -> dict[str, Model]:
    """Return every model that a user writes, by name; those of other packages have pages of their own."""
    rooms = tuple(f"models.{room}" for room in (*ROOMS, "domains"))
    for room in ROOMS:
        for file in sorted((PAGE.parents[1] / "models" / room).glob("[a-z]*.py")):
            import_module(f"models.{room}.{file.stem}")
    found = {item.__name__: item for item in _subclasses(FrozenModel) if item.__module__.startswith(rooms)}
    return {name: item for name, item in found.items() if name not in BASES and not name.startswith("_")}


def _subclasses(base: Model) -> Iterator[Model]:
    for item in base.__subclasses__():
        yield item
        yield from _subclasses(item)


def table(model: Model) -> str:
    """Return the fields of a model as a table in Markdown."""
    schema = model.model_json_schema()
    required, definitions = set(schema.get("required", ())), schema.get("$defs", {})
    lines = ["| field | type | default | meaning | limits |", "|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        shown = schema["properties"][name]
        default = (
            "required" if name in required else _default(shown, field.get_default(call_default_factory=True))
        )
        cells = (f"`{name}`", _type(shown, definitions), default, field.description or "", _limits(shown))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _default(schema: Schema, value: Any) -> str:
    if value is None:
        return "absent"
    text = json.dumps(schema.get("default", value), ensure_ascii=False, default=list)
    return "its own defaults" if "$ref" in schema or len(text) > _LONG else f"`{text}`"


def _type(schema: Schema, definitions: Schema) -> str:
    """Return what a value is, in words; a model is linked to the section that has its fields."""
    if "$ref" in schema:
        return _named(schema["$ref"].rsplit("/", 1)[-1], definitions)
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else None):
        return " or ".join(f"`{item}`" for item in values)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _join(_type(item, definitions) for item in choices if item.get("type") != "null")
    if items := schema.get("prefixItems"):
        return f"[{', '.join(_type(item, definitions) for item in items)}]"
    return _plain(schema, definitions)


def _plain(schema: Schema, definitions: Schema) -> str:
    kind = str(schema.get("type", "any"))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}), definitions)}"
    if kind == "object":
        keyed = list(schema.get("patternProperties", {}).values())
        values = keyed[0] if keyed else schema.get("additionalProperties", {})
        return f"mapping to {_type(values, definitions)}"
    return "true or false" if kind == "boolean" else kind


def _named(name: str, definitions: Schema) -> str:
    """Return the links of a model.

    A union of models is each of them, and one that the page has not is left out.
    """
    if name in models():
        return f"[{name}](#{name.lower()})"
    definition = definitions.get(name, {})
    return _type(definition, definitions) if {"oneOf", "anyOf"} & set(definition) else ""


def _join(parts: Iterator[str]) -> str:
    return " or ".join(dict.fromkeys(part for part in parts if part))


def _limits(schema: Schema) -> str:
    """Return what the value itself must keep to, and below it what its items must."""
    own = [words.format(_number(schema[key])) for key, words in _LIMITS.items() if key in schema]
    choices = (*schema.get("anyOf", ()), *schema.get("oneOf", ()))
    nested = [item for item in choices if item.get("type") != "null"]
    own += [text for item in nested if (text := _limits(item))]
    of_items = _limits(schema["items"]) if isinstance(schema.get("items"), Mapping) else ""
    return "; ".join(dict.fromkeys([*own, *([f"each: {of_items}"] if of_items else [])]))


def _number(value: Any) -> str:
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
    )


def rewritten(page: str) -> str:
    """Return the page with every table made anew.

    Raises:
        KeyError: if a marker names no model.
    """
    found = models()
    return _TABLE.sub(lambda m: f"<!-- fields: {m[1]} -->\n{table(found[m[1]])}\n<!-- fields: end -->", page)


def documented(page: str) -> list[str]:
    """Return the models whose tables the page has, in its order."""
    return _TABLE.findall(page)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
