"""What a request for samples means for its campaign: temperatures, trade-offs, shares.

Torch-free, so the API asks it.
Knows the specification and the domain's language; no policy and no results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from models.domains import open_domain
from models.domains.contract import InvalidObjectError
from models.inference import UnservableError
from models.specs.base import json_pointer
from models.specs.sampler import MOST_BETA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.campaign.requests import SampleRequest
    from models.campaign.spec import CampaignSpec
    from models.domains.contract import Domain

SHIFTS = {"colder": 2.0, "bolder": 0.5}
"""What inverse temperatures are multiplied by: colder keeps closer to the best, bolder strays farther."""


@final
@dataclass(frozen=True, slots=True)
class ConditionRequest:
    """`n` samples under one condition; what is None is drawn for each sample as in training."""

    n: int
    beta: float | None
    preference: tuple[float, ...] | None


def check(request: SampleRequest, spec: CampaignSpec) -> None:
    """Find what no policy of this campaign could serve, without opening one.

    Raises:
        UnservableError: naming the field: an objective that the campaign does not have, weights that are all
            zero, more conditions than samples, a pattern or grouping that the domain does not know, columns
            that are no object.
    """
    domain = open_domain(spec.domain)
    split_by_condition(request, spec)
    compile_patterns(request, domain)
    avoided_groups(request, domain)
    if request.like is not None:
        parse_object(domain, request.like.object, "/like/object")


def is_relative(request: SampleRequest) -> bool:
    """Tell whether a request's inverse temperatures depend on the policy's range or an earlier request."""
    return request.boldness is not None or isinstance(request.beta, str)


def resolved(
    request: SampleRequest, previous: Sequence[float], trained: tuple[float, float]
) -> SampleRequest:
    """Return the request with inverse temperatures as numbers.

    They replace `colder` (twice as cold), `bolder` (half as cold) and every boldness.

    Args:
        request: of a user.
        previous: the inverse temperatures that the user asked for last; when there are none, the geometric
            middle of the trained range counts as that.
        trained: the range of the policy, low to high.
    """
    if not is_relative(request):
        return request
    low, high = trained
    if request.boldness is not None:
        shares = request.boldness if isinstance(request.boldness, tuple) else (request.boldness,)
        betas = tuple(high ** (1 - share) * low**share for share in shares)
        return request.model_copy(update={"beta": betas, "boldness": None})
    assert isinstance(request.beta, str)
    last = tuple(previous) or (math.sqrt(low * high),)
    shifted = tuple(min(beta * SHIFTS[request.beta], MOST_BETA) for beta in last)
    return request.model_copy(update={"beta": shifted})


def split_by_condition(request: SampleRequest, spec: CampaignSpec) -> list[ConditionRequest]:
    """Return all pairs of an inverse temperature and a preference with their shares.

    The first has the remainder.
    `colder` and `bolder` count as one inverse temperature until they are resolved, a boldness as one too.

    Raises:
        UnservableError: if a preference makes no sense here, or a condition would get no sample.
    """
    betas = _betas(request)
    pairs = [(beta, weights) for beta in betas for weights in _preferences(request, spec)]
    share, rest = divmod(request.n, len(pairs))
    if share == 0:
        raise UnservableError("/n", f"{request.n} samples cannot be shared by {len(pairs)} conditions")
    return [ConditionRequest(share + (rest if index == 0 else 0), *pair) for index, pair in enumerate(pairs)]


def _betas(request: SampleRequest) -> tuple[float | None, ...]:
    if request.boldness is not None:
        return (None,) * (len(request.boldness) if isinstance(request.boldness, tuple) else 1)
    if request.beta is None or isinstance(request.beta, str):
        return (None,)
    return request.beta if isinstance(request.beta, tuple) else (request.beta,)


def _preferences(request: SampleRequest, spec: CampaignSpec) -> list[tuple[float, ...] | None]:
    """Return the asked preferences as shares in the order of the campaign's objectives."""
    if request.preference is None:
        return [None]
    is_one = isinstance(request.preference, Mapping)
    requested = [request.preference] if isinstance(request.preference, Mapping) else request.preference
    return [
        _weights(weights, spec, "/preference" if is_one else f"/preference/{index}")
        for index, weights in enumerate(requested)
    ]


def _weights(weights: Mapping[str, float], spec: CampaignSpec, pointer: str) -> tuple[float, ...]:
    names = [objective.name for objective in spec.objectives]
    for name in weights:
        if name not in names:
            known = ", ".join(names)
            raise UnservableError(
                pointer + json_pointer(name), f"unknown objective; this campaign has {known}"
            )
    total = sum(weights.values())
    if not 0 < total < math.inf:
        raise UnservableError(pointer, "weights must not all be 0, and their sum must be finite")
    return tuple(weights.get(name, 0.0) / total for name in names)


def compile_patterns(request: SampleRequest, domain: Domain) -> list[tuple[str, bool, Callable[[str], bool]]]:
    """Return each pattern with whether it is required (or to be avoided) and its test.

    Raises:
        UnservableError: if a text is no pattern of the domain's language.
    """
    tests = []
    for field, patterns in (("require", request.require), ("avoid", request.avoid)):
        for index, text in enumerate(patterns):
            try:
                tests.append((text, field == "require", domain.pattern(text)))
            except ValueError as error:
                raise UnservableError(f"/{field}/{index}", str(error)) from error
    return tests


def avoided_groups(request: SampleRequest, domain: Domain) -> list[tuple[str, str]]:
    """Return the groupings and groups that no sample may be of.

    Raises:
        UnservableError: if the domain has no such grouping, or the columns describe no object.
    """
    groups = []
    for index, item in enumerate(request.avoid_groups):
        if item.by not in domain.groupings:
            known = ", ".join(domain.groupings) or "none"
            raise UnservableError(
                f"/avoid_groups/{index}/by", f"unknown grouping {item.by!r}; this domain has {known}"
            )
        text = parse_object(domain, item.object, f"/avoid_groups/{index}/object")
        groups.append((item.by, domain.group([text], item.by)[0]))
    return groups


def parse_object(domain: Domain, columns: Mapping[str, str], pointer: str) -> str:
    """Return the canonical text of the object that columns describe.

    Raises:
        UnservableError: naming the column, if they describe none.
    """
    try:
        return domain.parse({name: text for name, text in columns.items() if text.strip()})
    except InvalidObjectError as error:
        raise UnservableError(pointer + json_pointer(error.column), error.detail) from error
