"""Specifications and requests of callers, checked in children.

Their chemistry may take long, whoever sends them.
Knows no HTTP. What a child found wrong comes back as pydantic's errors, from which the caller makes places.
"""

from collections.abc import Mapping, Sequence
from typing import Any, final

from pydantic import ValidationError

from models.campaign.requests import BacktestRequest, SampleRequest
from models.campaign.spec import CampaignSpec
from models.inference import UnservableError
from models.inference.requests import check
from models.specs.base import FrozenModel
from service.children import Children, ChildTask, ParentChannel
from service.errors import UnprocessableError

MOST_ERRORS = 100
"""Errors that are told of one document."""
SECONDS = 10.0
_ADVICE = "give fewer or smaller fragments, structures, controls or patterns"
_SPEC = ChildTask("the specification", SECONDS, advice=_ADVICE)
_SAMPLES = ChildTask("the request", SECONDS, advice=_ADVICE)


@final
class InvalidDocumentError(ValueError):
    """A document is no valid specification: what pydantic found wrong, without input."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self._errors = tuple(errors)

    def errors(self) -> tuple[Mapping[str, Any], ...]:
        """Return the first hundred errors, as `pydantic.ValidationError.errors` does."""
        return self._errors


def check_spec(children: Children, document: Any) -> CampaignSpec:
    """Return the specification that a document describes.

    Raises:
        InvalidDocumentError: if it describes none.
        UnprocessableError: if checking it would take too long.
    """
    return CampaignSpec.from_stored(_accepted(children, CampaignSpec, document))


def check_backtest(children: Children, document: Any) -> BacktestRequest:
    """Return the plan of a backtest that a document describes; raises as `check_spec`."""
    return BacktestRequest.from_stored(_accepted(children, BacktestRequest, document))


def check_samples(children: Children, request: SampleRequest, spec: CampaignSpec) -> None:
    """Find what no policy of a campaign could serve.

    Raises:
        UnprocessableError: naming the field, or because finding out would take too long.
    """
    refused = children(_SAMPLES, _unservable, request.model_dump(mode="json"), spec.model_dump(mode="json"))
    if refused is not None:
        pointer, detail = refused
        raise UnprocessableError(detail, [{"pointer": pointer, "detail": detail}])


def _accepted(children: Children, model: type[FrozenModel], document: Any) -> Any:
    """Return a document as a model writes it."""
    accepted, errors = children(_SPEC, _validated, model, document)
    if errors:
        raise InvalidDocumentError(errors)
    return accepted


def _validated(
    _channel: ParentChannel, model: type[FrozenModel], document: Any
) -> tuple[Any, list[dict[str, Any]]]:
    try:
        return model.model_validate(document).model_dump(mode="json"), []
    except ValidationError as error:
        return None, [
            _plain(item) for item in error.errors(include_url=False, include_input=False)[:MOST_ERRORS]
        ]


def _plain(error: Mapping[str, Any]) -> dict[str, Any]:
    """Return an error without objects: of its context, only where the culprit is."""
    context = {name: value for name, value in error.get("ctx", {}).items() if name == "pointer"}
    return {"type": error["type"], "loc": error["loc"], "msg": error["msg"], "ctx": context}


def _unservable(_channel: ParentChannel, request: Any, spec: Any) -> tuple[str, str] | None:
    try:
        check(SampleRequest.model_validate(request), CampaignSpec.from_stored(spec))
    except UnservableError as error:
        return error.pointer, error.detail
    return None
