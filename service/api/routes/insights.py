"""Routes of insights: what a campaign has brought so far, as numbers and as figures."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from service.api.conventions import answer, content_tag, negotiate
from service.api.dependencies import CampaignId, Reader, Transaction
from service.api.documentation import ETAG, Responses, guarded
from service.campaigns.insights import get_insights
from service.errors import UnprocessableError
from service.figures import FORMATS, TITLES, draw
from service.schemas.insights import FigureLink, FigureName, Insights, Threshold

router = APIRouter(prefix="/v1/campaigns/{campaign_id}/insights", tags=["insights"])

IMAGE: Responses = {
    200: {
        "description": "The figure",
        "content": {media_type: {"schema": {"type": "string"}} for media_type in FORMATS.values()},
    }
}


def _thresholds(
    threshold: Annotated[
        list[Threshold] | None,
        Query(
            max_length=8,
            description="what counts as a hit: the least or largest value of an objective, or the farthest "
            "distance "
            "from its target (in decades with log10). Without any, better than nine in ten of the first data",
        ),
    ] = None,
) -> dict[str, float]:
    """Return thresholds by objective."""
    pairs = [item.rsplit(":", 1) for item in threshold or ()]
    if len({name for name, _ in pairs}) < len(pairs):
        detail = "an objective has one threshold"
        raise UnprocessableError(detail, [{"pointer": "/threshold", "in": "query", "detail": detail}])
    return {name: float(value) for name, value in pairs}


Thresholds = Annotated[dict[str, float], Depends(_thresholds)]


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """Which kind of picture: `?format=` wins over Accept."""

    name: Annotated[str | None, Query(alias="format", description="svg or png")] = None
    accept: Annotated[str | None, Header(include_in_schema=False)] = None


@router.get("", response_model=Insights, responses={200: ETAG, **guarded(404)})
def read_insights(
    campaign_id: CampaignId, caller: Reader, session: Transaction, thresholds: Thresholds
) -> Response:
    """Return the front, progress beside chance, calibration, hits, variety, importance and convergence."""
    insights = get_insights(session, caller.workspace_id, campaign_id, thresholds)
    root = f"/v1/campaigns/{campaign_id}/insights"
    links = [
        FigureLink(name=name, title=title, svg=f"{root}/{name}?format=svg", png=f"{root}/{name}?format=png")
        for name, title in TITLES.items()
    ]
    view = Insights.model_validate({**insights, "figures": links})
    return answer(view, headers={"ETag": content_tag(view)})


@router.get("/{figure}", responses={**IMAGE, **guarded(404, 406)}, response_class=Response)
def draw_figure(
    campaign_id: CampaignId,
    figure: Annotated[FigureName, Path(description="which figure")],
    caller: Reader,
    session: Transaction,
    thresholds: Thresholds,
    query: Annotated[ImageQuery, Depends()],
) -> Response:
    """Return one figure, ready to be shown or printed."""
    chosen = negotiate(FORMATS, query.name, query.accept)
    insights = get_insights(session, caller.workspace_id, campaign_id, thresholds)
    return Response(draw(insights, figure, chosen), media_type=FORMATS[chosen])
