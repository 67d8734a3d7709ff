"""Check a campaign's scorers against the operator's rules, without calling them.

The rules cover addresses, secrets and installed functions. Packages below `service` know none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from models.scorers.entry_points import GROUP, installed
from service.address_rules import RefusedAddressError, check_confidential, check_url, read_rules
from service.errors import UnprocessableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.specs.scorers import ScorerSpec
    from service.address_rules import Target
    from service.settings import Settings


@final
class RefusedScorerError(ValueError):
    """A scorer is refused; `pointer` names the field within its specification."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.detail = detail


def check_scorers(scorers: Iterable[ScorerSpec], settings: Settings, root: str = "") -> None:
    """Check all scorers of a campaign; its specification is at the JSON pointer `root` of the request.

    Raises:
        UnprocessableError: if a scorer is refused; the error points to the field.
    """
    wrong = []
    for index, spec in enumerate(scorers):
        try:
            check_scorer(spec, settings)
        except RefusedScorerError as error:
            wrong.append({"pointer": f"{root}/scorers/{index}{error.pointer}", "detail": error.detail})
    if wrong:
        raise UnprocessableError("a scorer of the campaign cannot be used", wrong)


def check_scorer(spec: ScorerSpec, settings: Settings) -> Target | None:
    """Return the target of an HTTP scorer, or None for an installed function.

    Raises:
        RefusedScorerError: if the scorer is refused.
    """
    if spec.url is None:
        if spec.entry_point not in installed():
            raise RefusedScorerError(
                "/entry_point", f"no entry point of this name in the group {GROUP} is installed"
            )
        return None
    try:
        target = check_url(spec.url, settings.scorer_rules)
    except RefusedAddressError as error:
        raise RefusedScorerError("/url", str(error)) from error
    if spec.secret is not None:
        _check_secret(spec.secret, target, settings)
    return target


def _check_secret(name: str, target: Target, settings: Settings) -> None:
    """Refuse a secret of another host: a user could send it to their own server otherwise."""
    secret = settings.scorer_secrets.get(name)
    if secret is None:
        raise RefusedScorerError("/secret", f"the operator has no secret {name!r}")
    if not read_rules(secret.host).names(target.host, target.port):
        raise RefusedScorerError("/secret", f"the secret {name!r} is not for {target.authority}")
    try:
        check_confidential(target, settings.scorer_rules)
    except RefusedAddressError as error:
        raise RefusedScorerError("/url", str(error)) from error
