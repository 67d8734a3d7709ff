"""What a connector may be: its kind, its address by the operator's rules, and the settings of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from models.specs.base import json_pointer
from service.address_rules import RefusedAddressError, Rules, Target, check_confidential, check_url
from service.errors import UnprocessableError
from service.json_pointers import body_location
from service.lims.contract import Connector as Kind
from service.lims.registry import UnknownKindError, connector_kind
from service.sealing import Sealer


@final
@dataclass(frozen=True, slots=True)
class Operator:
    """What the operator decides of connectors: which addresses they may have, and how secrets are sealed."""

    rules: Rules
    sealer: Sealer


def kind_named(name: str) -> type[Kind]:
    """Return a kind.

    Raises:
        UnprocessableError: if none of this name is installed.
    """
    try:
        return connector_kind(name)
    except UnknownKindError as error:
        raise wrong("/kind", str(error)) from error


def check_address(kind: type[Kind], base_url: str, rules: Rules, *, has_credentials: bool) -> Target | None:
    """Return the address of a connector; None for a kind that has none.

    Raises:
        UnprocessableError: if it is missing, superfluous or refused, or credentials would go in clear.
    """
    if not kind.manners.needs_address:
        if base_url:
            raise wrong("/base_url", f"{kind.title} has no address: leave it out")
        return None
    if not base_url:
        raise wrong("/base_url", f"{kind.title} needs an address, as https://lims.example.org")
    try:
        target = check_url(base_url, rules)
        if has_credentials:
            check_confidential(target, rules)
    except RefusedAddressError as error:
        raise wrong("/base_url", str(error)) from error
    if "?" in target.path:
        raise wrong("/base_url", "an address has no query: leave out what follows the question mark")
    return target


def is_same_place(before: str, after: str) -> bool:
    """Return whether two addresses are one scheme, host and port: only there may a secret go."""
    return _place(before) == _place(after)


def check_settings(kind: type[Kind], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a kind as they are stored.

    Raises:
        UnprocessableError: naming every place.
    """
    return _checked(kind.Settings, settings, "settings").model_dump(mode="json")


def check_credentials(kind: type[Kind], credentials: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the credentials of a kind as they are sealed; None for a kind without any.

    Raises:
        UnprocessableError: naming every place, and no value.
    """
    if credentials is None and not needs_credentials(kind):
        return None
    _checked(kind.Credentials, credentials or {}, "credentials")
    return dict(credentials or {}) or None


def needs_credentials(kind: type[Kind]) -> bool:
    """Return whether a kind cannot work without credentials."""
    try:
        kind.Credentials.model_validate({})
    except ValidationError:
        return True
    return False


def wrong(pointer: str, detail: str) -> UnprocessableError:
    """Return the problem of one place in a body."""
    return UnprocessableError(f"{pointer}: {detail}", [{"pointer": pointer, "detail": detail}])


def _place(base_url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(base_url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").removesuffix("."), parts.port or usual


def _checked(model: type[BaseModel], document: Mapping[str, Any], member: str) -> BaseModel:
    try:
        return model.model_validate(dict(document))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        places = [body_location(item, item["loc"], document) for item in found]
        errors = [{**place, "pointer": json_pointer(member) + place["pointer"]} for place in places]
        raise UnprocessableError(f"{errors[0]['pointer']}: {errors[0]['detail']}", errors) from None
