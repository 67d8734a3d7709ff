"""Tools that read; a key with the scope `read` has them."""

from typing import Annotated, Any, Literal

import anyio
from mcp.server.mcpserver import Context
from mcp_types import ToolAnnotations
from pydantic import Field

from service.mcp.answers import (
    BatchDetails,
    CampaignDetails,
    CampaignItem,
    CandidateItem,
    InsightsDetails,
    PredictionItem,
    PredictionsDetails,
    ReportRow,
    ResultItem,
    RoundItem,
    SampleItem,
    round_item,
)
from service.mcp.tools import Tools, tool

READS = ToolAnnotations(readOnlyHint=True, openWorldHint=False)
CampaignId = Annotated[str, Field(description="the campaign's id, as list_campaigns returns it")]
RoundNumber = Annotated[int, Field(ge=1, description="the round's number, from 1")]
Seconds = Annotated[float, Field(gt=0, le=3600, description="how long to wait at most")]
_MOST_RESULTS = 500


class ReadingTools(Tools):
    """Tools that look at campaigns, results, rounds and batches."""

    @tool(READS)
    async def list_campaigns(self) -> list[CampaignItem]:
        """List the campaigns of the workspace."""
        return [CampaignItem.model_validate(item) async for item in self.client.campaigns.list()]

    @tool(READS)
    async def get_campaign(self, campaign_id: CampaignId) -> CampaignDetails:
        """Return a campaign with its specification: domain, objectives, constraints, batch size."""
        return CampaignDetails.model_validate(await self.client.campaigns.get(campaign_id))

    @tool(READS)
    async def list_results(
        self,
        campaign_id: CampaignId,
        status: Annotated[
            Literal["current", "corrected", "withdrawn"], Field(description="current ones count")
        ] = "current",
        limit: Annotated[int, Field(ge=1, le=_MOST_RESULTS)] = 100,
    ) -> list[ResultItem]:
        """List stored results of a campaign, up to a limit."""
        found: list[ResultItem] = []
        async for item in self.client.results.list(campaign_id, status):
            found.append(ResultItem.model_validate(item))
            if len(found) >= limit:
                break
        return found

    @tool(READS)
    async def list_rounds(self, campaign_id: CampaignId) -> list[RoundItem]:
        """List the rounds of a campaign with their states."""
        return [round_item(item) async for item in self.client.rounds.list(campaign_id)]

    @tool(READS)
    async def follow_round(
        self, campaign_id: CampaignId, number: RoundNumber, ctx: Context[Any], seconds: Seconds = 60
    ) -> RoundItem:
        """Wait until a round has its batch, failed or was cancelled, and return it as it is then.

        Call it again while `state` is queued, fitting, training, sampling or selecting.
        """
        with anyio.move_on_after(seconds):
            async for event in self.client.rounds.follow(campaign_id, number):
                await ctx.report_progress(event.progress, 1.0, f"{event.state}: {event.message}")
        return round_item(await self.client.rounds.get(campaign_id, number))

    @tool(READS)
    async def get_batch(self, campaign_id: CampaignId, number: RoundNumber) -> BatchDetails:
        """Return the candidates of a round with predictions, status and the reason for each."""
        batch = await self.client.batches.get(campaign_id, number)
        found = [CandidateItem.model_validate(item) for item in batch["candidates"]]
        return BatchDetails(round=batch["round"], state=batch["state"], candidates=found)

    @tool(READS)
    async def get_insights(self, campaign_id: CampaignId) -> InsightsDetails:
        """Return what a campaign has brought: sentences, the Pareto front, and numbers for each round."""
        found = await self.client.insights.get(campaign_id)
        return InsightsDetails(
            statements=found["statements"], pareto_front=found["pareto"]["front"], rounds=found["rounds"]
        )


class InferenceTools(Tools):
    """Tools that compute something new from a trained campaign, and change nothing."""

    @tool(READS)
    async def predict(
        self,
        campaign_id: CampaignId,
        objects: Annotated[
            list[dict[str, Any]],
            Field(
                min_length=1, max_length=500, description='such as {"smiles": "CCO"} or {"sequence": "FLW"}'
            ),
        ],
        seconds: Seconds = 300,
    ) -> PredictionsDetails:
        """Predict the caller's own objects, and say whether the campaign could propose them."""
        job = await self.client.predictions.run(campaign_id, objects, mode="partial", timeout=seconds)
        rows = (job["report"] or {"rows": []})["rows"]
        return PredictionsDetails(
            predictions=[PredictionItem.model_validate(row) for row in job["rows"] or []],
            rejected=[ReportRow.model_validate(row) for row in rows if row["status"] == "rejected"],
        )

    @tool(READS)
    async def sample(
        self,
        campaign_id: CampaignId,
        n: Annotated[int, Field(ge=1, le=100, description="samples in all")] = 8,
        beta: Annotated[
            float | Literal["colder", "bolder"] | None,
            Field(description="inverse temperature: the higher, the greedier"),
        ] = None,
        boldness: Annotated[
            float | None,
            Field(ge=0, le=1, description="instead of beta: 0 is most careful, 1 boldest, in every campaign"),
        ] = None,
        seconds: Seconds = 300,
    ) -> list[SampleItem]:
        """Sample more candidates from the trained policy of the latest round, without training."""
        wanted = {"beta": beta, "boldness": boldness}
        request = {"n": n} | {name: value for name, value in wanted.items() if value is not None}
        job = await self.client.samples.run(campaign_id, request, timeout=seconds)
        return [SampleItem.model_validate(item) for item in job["samples"] or []]
