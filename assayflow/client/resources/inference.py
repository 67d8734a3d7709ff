"""What a trained campaign answers: more samples, predictions, insights; and backtests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, final

from assayflow.client.calls import Call, Operation, Steps, get, get_file, post
from assayflow.client.following import Watch, followed
from assayflow.client.frames import JSON, Table, encoded
from assayflow.client.jobs import BRIEFLY, Waiting, run_job, start_job
from assayflow.client.operations import (
    PageOf,
    Resource,
    Transport_co,
    events_of,
    listed,
    operation,
    pages_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from typing import Unpack

    from assayflow.client.following import Check
    from assayflow.client.shapes.base import Job
    from assayflow.client.shapes.jobs import (
        Backtest,
        BacktestAnswer,
        Insights,
        Predictions,
        PredictionsAnswer,
        Samples,
        SamplesAnswer,
    )


class CampaignJobs(Resource[Transport_co]):
    """A family of jobs of a campaign."""

    _noun: str

    @events_of
    def follow(
        self, campaign: str, job: str, check: Check | None = None
    ) -> Generator[Steps, Any, dict[str, Any]]:
        """Iterate over the events of a job until it is finished."""
        return followed(self._path(campaign, job), Watch.checking(check))

    @operation
    def file(self, campaign: str, job: str, file_format: str = "csv") -> Call[bytes]:
        """Return the result of a job as a file."""
        return get_file(self._path(campaign, job), {"format": file_format})

    @operation
    def cancel(self, campaign: str, job: str) -> Call[Job]:
        """Cancel a job."""
        return post(f"{self._path(campaign, job)}/cancel")

    def _path(self, campaign: str, *parts: str) -> str:
        return "/".join((f"/campaigns/{campaign}/{self._noun}", *parts))


@final
class SamplesOf(CampaignJobs[Transport_co]):
    """More candidates from a trained policy, at any temperature and trade-off, without training."""

    _noun = "samples"

    @operation
    def start(self, campaign: str, request: Mapping[str, Any]) -> Operation[Samples]:
        """Request samples: `{"n": 24, "beta": 16, "preference": {...}, ...}`."""
        return start_job(self._request(campaign, request))

    @operation
    def run(
        self, campaign: str, request: Mapping[str, Any], **waiting: Unpack[Waiting]
    ) -> Operation[SamplesAnswer]:
        """Request samples, wait for them and return them.

        Raises:
            ComputationError: if the job failed or was cancelled.
            WaitTimeoutError: if the time is over.
        """
        return run_job(self._noun, self._request(campaign, request), Watch(**waiting))

    @operation
    def get(self, campaign: str, job: str) -> Call[SamplesAnswer]:
        """Return a request for samples with its answer."""
        return get(self._path(campaign, job))

    @pages_of
    def list(self, campaign: str) -> PageOf[Samples]:
        """Return the requests for samples, newest first."""
        return listed(self._path(campaign))

    def _request(self, campaign: str, request: Mapping[str, Any]) -> Call[Any]:
        return post(self._path(campaign), dict(request), headers=BRIEFLY)


class ObjectsOptions(Waiting, total=False):
    """How a table of objects is read, and how long is waited for its predictions."""

    mode: Literal["atomic", "partial"]
    sheet: str | None
    media_type: str | None
    filename: str | None


@final
class PredictionsOf(CampaignJobs[Transport_co]):
    """Predictions of the user's own objects."""

    _noun = "predictions"

    @operation
    def start(self, campaign: str, table: Table, **options: Unpack[ObjectsOptions]) -> Operation[Predictions]:
        """Request predictions for a table of objects; JSON rows and DataFrames as well as files."""
        return start_job(self._request(campaign, table, dict(options)))

    @operation
    def run(
        self, campaign: str, table: Table, **options: Unpack[ObjectsOptions]
    ) -> Operation[PredictionsAnswer]:
        """Request predictions, wait for them and return them.

        Raises:
            ValidationFailedError: if the table is refused.
            ComputationError: if the job failed or was cancelled.
            WaitTimeoutError: if the time is over.
        """
        given = dict(options)
        call = self._request(campaign, table, given)
        waiting: Any = {name: given[name] for name in Waiting.__annotations__ if name in given}
        return run_job(self._noun, call, Watch(**waiting))

    @operation
    def get(self, campaign: str, job: str) -> Call[PredictionsAnswer]:
        """Return predictions, with what became of every row."""
        return get(self._path(campaign, job))

    @pages_of
    def list(self, campaign: str) -> PageOf[Predictions]:
        """Return the requests for predictions, newest first."""
        return listed(self._path(campaign))

    def _request(self, campaign: str, table: Table, given: Mapping[str, Any]) -> Call[Any]:
        sent = encoded(table, media_type=given.get("media_type"), filename=given.get("filename"))
        content = sent.content
        if sent.media_type == JSON and isinstance(rows := json.loads(content), list):
            content = json.dumps({"objects": rows}, ensure_ascii=False).encode()
        query = {"mode": given.get("mode"), "sheet": given.get("sheet"), "filename": sent.filename}
        headers = {"Content-Type": sent.media_type, **BRIEFLY}
        return post(self._path(campaign), query=query, headers=headers, content=content)


@final
class Backtests(Resource[Transport_co]):
    """Replays of a campaign on a measured table against baselines."""

    @operation
    def start(self, request: Mapping[str, Any]) -> Operation[BacktestAnswer]:
        """Start a backtest: `spec`, the rows of `table`, `rounds`, `batch_size`, `seeds`, `methods`."""
        return start_job(_backtest(request))

    @operation
    def run(self, request: Mapping[str, Any], **waiting: Unpack[Waiting]) -> Operation[BacktestAnswer]:
        """Start a backtest, wait for it and return it.

        Raises:
            ComputationError: if the job failed or was cancelled.
            WaitTimeoutError: if the time is over.
        """
        return run_job("backtest", _backtest(request), Watch(**waiting))

    @operation
    def get(self, job: str) -> Call[BacktestAnswer]:
        """Return a backtest with its result."""
        return get(f"/backtests/{job}")

    @events_of
    def follow(self, job: str, check: Check | None = None) -> Generator[Steps, Any, dict[str, Any]]:
        """Iterate over the events of a backtest until it is finished."""
        return followed(f"/backtests/{job}", Watch.checking(check))

    @operation
    def cancel(self, job: str) -> Call[BacktestAnswer]:
        """Cancel a backtest."""
        return post(f"/backtests/{job}/cancel")

    @pages_of
    def list(self) -> PageOf[Backtest]:
        """Return the backtests, newest first."""
        return listed("/backtests")


@final
class InsightsOf(Resource[Transport_co]):
    """What a campaign has brought so far."""

    @operation
    def get(self, campaign: str, thresholds: Mapping[str, float] | None = None) -> Call[Insights]:
        """Return the insights of a campaign; `thresholds` define a hit."""
        return get(f"/campaigns/{campaign}/insights", _hits(thresholds))

    @operation
    def figure(
        self,
        campaign: str,
        name: str,
        file_format: Literal["svg", "png"] = "svg",
        thresholds: Mapping[str, float] | None = None,
    ) -> Call[bytes]:
        """Return a figure of the insights."""
        query = {**_hits(thresholds), "format": file_format}
        return get_file(f"/campaigns/{campaign}/insights/{name}", query)


def _backtest(request: Mapping[str, Any]) -> Call[Any]:
    return post("/backtests", dict(request), headers=BRIEFLY)


def _hits(thresholds: Mapping[str, float] | None) -> dict[str, Any]:
    return {"threshold": [f"{name}:{value:.15g}" for name, value in thresholds.items()]} if thresholds else {}
