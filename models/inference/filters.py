"""What whoever asks for samples does not want to see, as rules for the gate. Torch-free.

A pattern or grouping that cannot be compared with an object refuses it: what was ruled out must not slip
through.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from models.inference.requests import avoided_groups, compile_patterns

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.campaign.requests import SampleRequest
    from models.domains.contract import Domain

    Rule = Callable[[str], str | None]


def request_filters(request: SampleRequest, domain: Domain) -> list[Rule]:
    """Return the rules that follow from `require`, `avoid` and `avoid_groups`.

    Raises:
        UnservableError: if one of them makes no sense in this domain.
    """
    shown: list[Rule] = [partial(_by_pattern, *item) for item in compile_patterns(request, domain)]
    return shown + [partial(_by_group, domain, *item) for item in avoided_groups(request, domain)]


def similarity_filter(domain: Domain, text: str, least: float) -> Rule:
    """Return the rule that leaves only other objects at least so similar to one."""

    def rule(other: str) -> str | None:
        if other == text:
            return "the object itself"
        return None if float(domain.similarity([other], [text])[0, 0]) >= least else "less similar than asked"

    return rule


def _by_pattern(pattern: str, is_required: bool, test: Callable[[str], bool], text: str) -> str | None:  # noqa: FBT001 - bound by partial
    try:
        is_shown = test(text)
    except Exception:  # noqa: BLE001 - what cannot be compared is refused
        return f"cannot be compared with {pattern}"
    if is_shown == is_required:
        return None
    return f"does not show {pattern}" if is_required else f"shows {pattern}"


def _by_group(domain: Domain, by: str, group: str, text: str) -> str | None:
    try:
        is_same = domain.group([text], by)[0] == group
    except Exception:  # noqa: BLE001 - what cannot be compared is refused
        return f"its {by} cannot be told"
    return f"of a {by} to avoid" if is_same else None
