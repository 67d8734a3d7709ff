"""Tools that change a campaign: a key with the scope `write` has them, and a person may undo what they do."""

from typing import Annotated, Any, Literal

from mcp_types import ToolAnnotations
from pydantic import Field

from service.mcp.answers import (
    CampaignItem,
    CandidateItem,
    Done,
    RoundItem,
    Table,
    UploadSummary,
    round_item,
    upload_summary,
)
from service.mcp.reading import CampaignId, RoundNumber
from service.mcp.tools import Tools, tool

WRITES = ToolAnnotations(readOnlyHint=False, destructiveHint=False, openWorldHint=False)
TRIES = ToolAnnotations(readOnlyHint=True, openWorldHint=False)
FINAL = ToolAnnotations(readOnlyHint=False, destructiveHint=True, openWorldHint=False)
Mode = Annotated[
    Literal["atomic", "partial"], Field(description="atomic: all rows or none; partial: the good ones")
]
Columns = Annotated[
    dict[str, str] | None,
    Field(description='what a column is read as: {"Kinase X": "IC50 (uM)", "Notes": "ignored"}'),
]
Reason = Annotated[str, Field(min_length=1, description="why, for the record")]


class ChangingTools(Tools):
    """Tools for campaigns, results and rounds."""

    @tool(WRITES)
    async def create_campaign(
        self,
        spec: Annotated[dict[str, Any], Field(description="the specification: name, domain, objectives ...")],
    ) -> CampaignItem:
        """Create a campaign; an error names every member of the specification that is wrong."""
        return CampaignItem.model_validate(await self.client.campaigns.create(spec))

    @tool(TRIES)
    async def check_results(
        self, campaign_id: CampaignId, rows: Table, mode: Mode = "partial", columns: Columns = None
    ) -> UploadSummary:
        """Say what would become of each row, and store nothing. Do this before upload_results."""
        report = await self.client.results.upload(campaign_id, rows, dry_run=True, mode=mode, columns=columns)
        return upload_summary(report, is_dry_run=True)

    @tool(WRITES)
    async def upload_results(
        self, campaign_id: CampaignId, rows: Table, mode: Mode = "atomic", columns: Columns = None
    ) -> UploadSummary:
        """Store results. A row that repeats a stored external_id is a duplicate, and is not stored again."""
        report = await self.client.results.upload(campaign_id, rows, mode=mode, columns=columns)
        return upload_summary(report, is_dry_run=False)

    @tool(WRITES)
    async def correct_result(
        self,
        campaign_id: CampaignId,
        result_id: Annotated[str, Field(description="the result's id")],
        row: Annotated[dict[str, Any], Field(description='the columns that are otherwise: {"value": 80}')],
        reason: Reason,
    ) -> Done:
        """Put another result in the place of one; the history keeps both."""
        made = await self.client.results.correct(campaign_id, result_id, row, reason)
        return Done(detail=f"result {made['id']} is in the place of {result_id}")

    @tool(WRITES)
    async def start_round(self, campaign_id: CampaignId) -> RoundItem:
        """Start the next round; it trains for minutes. Follow it with follow_round."""
        return round_item(await self.client.rounds.start(campaign_id))

    @tool(WRITES)
    async def cancel_round(self, campaign_id: CampaignId, number: RoundNumber) -> RoundItem:
        """Stop computing a round; it can be computed again."""
        return round_item(await self.client.rounds.cancel(campaign_id, number))

    @tool(WRITES)
    async def decide_candidate(
        self,
        candidate_id: Annotated[str, Field(description="the candidate's id, as get_batch returns it")],
        status: Annotated[
            Literal["approved", "rejected", "proposed"], Field(description="`proposed` undoes a decision")
        ],
        reason: Reason,
    ) -> CandidateItem:
        """Approve or reject a candidate before its batch is released, or undo that."""
        return CandidateItem.model_validate(await self.client.candidates.decide(candidate_id, status, reason))

    @tool(WRITES)
    async def replace_candidate(
        self,
        candidate_id: Annotated[str, Field(description="a rejected candidate's id")],
    ) -> CandidateItem:
        """Replace a rejected candidate by the next best one."""
        return CandidateItem.model_validate(await self.client.candidates.replace(candidate_id))


class FinalTools(Tools):
    """Tools whose effect cannot be undone; a person allowed them."""

    @tool(FINAL)
    async def release_batch(self, campaign_id: CampaignId, number: RoundNumber) -> RoundItem:
        """Release a batch to the laboratory, which freezes it and sends it to connected systems."""
        return round_item(await self.client.rounds.release(campaign_id, number))

    @tool(FINAL)
    async def withdraw_result(
        self, campaign_id: CampaignId, result_id: Annotated[str, Field(description="its id")], reason: Reason
    ) -> Done:
        """Let a result count no more; its history stays."""
        await self.client.results.withdraw(campaign_id, result_id, reason)
        return Done(detail=f"result {result_id} counts no more")

    @tool(FINAL)
    async def archive_campaign(self, campaign_id: CampaignId) -> CampaignItem:
        """Close a campaign for good; it stays readable."""
        return CampaignItem.model_validate(await self.client.campaigns.archive(campaign_id))
