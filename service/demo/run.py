"""Run the demonstration: real data, two rounds with a simulated lab, improvements, a clean exit.

Every change of the campaign goes over HTTP. The domain is opened here only to draw objects and to compute
properties of the initial data.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assayflow import AssayflowError, Client
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from service.demo.inference import run_inference, save_insights
from service.demo.labs import open_case
from service.demo.labs.case import read_rows, write_rows
from service.demo.labs.simulated import fill_in
from service.demo.outcome import Stage, hits, lines, verdicts
from service.demo.pictures import Comparison, draw_batch, plot_predictions
from service.demo.printing import Printer
from service.local.stack import LocalStackError, start_local_stack
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from assayflow.client.shapes.rounds import Candidate
    from models.domains.contract import Domain
    from service.demo.labs.case import Case
    from service.local.stack import LocalStack

ROUNDS = (1, 2)


class DemonstrationError(LocalStackError):
    """A round ended without a batch, or the service refused a call."""


def run_demo(kind: str, output: Path, printer: Printer | None = None) -> None:
    """Run the demonstration of a kind of domain.

    Args:
        kind: the domain.
        output: the files go into a subfolder with the domain's name.
        printer: the output; the terminal when absent.

    Raises:
        LookupError: if the domain has no demonstration.
        LocalStackError: if a part of the service does not start or ends, or a round fails.
    """
    case, printer, began = open_case(kind), printer or Printer(), time.monotonic()
    spec = case.spec()
    folder = (output / kind).resolve()
    with _own_folder(folder) as data:
        printer.opening(case, spec)
        printer.say("starting PostgreSQL, Redis, API and worker in a data folder of their own ...")
        settings = _settings(data)
        with start_local_stack(settings, logs=folder / "logs") as running:
            printer.say(f"running at {running.url} after {time.monotonic() - began:.0f} s")
            assert running.new_key is not None, "the data folder is new"
            with Client(running.url, running.new_key) as client:
                run = _DemoRun(case, spec, folder, client, running, printer)
                try:
                    run.run()
                except AssayflowError as error:
                    raise DemonstrationError(f"{error}; the logs are in {folder / 'logs'}") from error
            printer.say("stopping ...")
    printer.files(folder)
    printer.say(f"done in {time.monotonic() - began:.0f} s; nothing is left running")


def _settings(data: Path) -> Settings:
    """Return settings with embedded servers, a free port and a separate folder."""
    return Settings(database_url=None, redis_url=None, data_dir=data, host="127.0.0.1", port=0)


@contextmanager
def _own_folder(folder: Path) -> Iterator[Path]:
    """Lock the output folder, and yield a new data folder in it that is removed at the end."""
    data, logs = folder / "service", folder / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalStackError(f"another demonstration is running in {folder}") from error
        shutil.rmtree(data, ignore_errors=True)
        logs.mkdir(exist_ok=True)
        try:
            yield data
        finally:
            shutil.rmtree(data, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _DemoRun:
    """One campaign, and the objects of all stages so far."""

    case: Case
    spec: dict[str, Any]
    folder: Path
    client: Client
    stack: LocalStack
    printer: Printer
    stages: list[Stage] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)

    def run(self) -> None:
        domain = open_domain(CampaignSpec.model_validate(self.spec).domain)
        self.printer.head("Initial data")
        campaign = self.client.campaigns.create(self.spec)["id"]
        table = self.folder / "initial-data.csv"
        write_rows(self.case.measured(), table)
        self.printer.report(self.client.results.upload(campaign, table, mode="partial"))
        self.stages.append(
            self._stage("initial data", _values_of(self.client.results.list(campaign).all()), domain)
        )
        read = self.case.fit()
        for number in ROUNDS:
            self._round(campaign, domain, read)
            self.printer.say(self._calibration(number))
        self._compare()
        run_inference(self.client, campaign, self.case, self.printer, self.stack.check)
        save_insights(self.client, campaign, self.folder, self.printer)

    def _round(self, campaign: str, domain: Domain, read: Callable[..., Any]) -> None:
        number = self.client.rounds.start(campaign)["number"]
        self.printer.head(f"Round {number}")
        with self.printer.progress(f"round {number}") as show:
            ended = self.client.rounds.wait(campaign, number, progress=show, check=self.stack.check)
        candidates = self.client.batches.candidates(campaign, number)
        self.printer.batch(candidates, self.spec["objectives"])
        self.printer.advice(ended["summary"] or {}, number - 1)
        draw_batch(candidates, domain, self._measured["name"], self.folder / f"round-{number}.svg")
        kind = self.spec["domain"]["kind"]
        for name in self.client.domains.formats(kind):
            self.client.batches.download(campaign, number, name, self.folder / f"round-{number}.{name}")
        self.client.rounds.release(campaign, number)
        self._measure(campaign, number, read)
        self._remember(campaign, number, candidates, domain)

    def _measure(self, campaign: str, number: int, read: Callable[..., Any]) -> None:
        """Fill in the downloaded CSV with the simulated lab and upload it."""
        rows = read_rows(self.folder / f"round-{number}.csv")
        generator = np.random.default_rng(number)
        filled = fill_in(rows, self._measured["name"], read(rows), self.case.noise, generator)
        path = self.folder / f"round-{number}-SIMULATED-results.csv"
        write_rows(filled, path)
        self.printer.say(f"the SIMULATED lab filled in {path.name}")
        self.printer.report(self.client.results.upload(campaign, path, mode="partial"))

    def _remember(self, campaign: str, number: int, candidates: list[Candidate], domain: Domain) -> None:
        name = self._measured["name"]
        ids = {candidate["id"]: candidate for candidate in candidates}
        results = [row for row in self.client.results.list(campaign) if row["candidate_id"] in ids]
        predicted = [
            {
                "object": item["object"],
                "type": self._assay,
                "value": item["predictions"][name]["mean"],
            }
            for item in candidates
        ]
        self.stages.append(
            replace(self._stage(f"round {number}, predicted", predicted, domain), kind="predicted")
        )
        exact = _values_of(results)
        self.stages.append(self._stage(f"round {number}, SIMULATED lab", exact, domain))
        predictions = [ids[row["candidate_id"]]["predictions"][name] for row in exact]
        self.comparisons.append(Comparison(number, predictions, [row["value"] for row in exact]))

    def _stage(self, name: str, results: Sequence[Mapping[str, Any]], domain: Domain) -> Stage:
        """Return the values of each object: the mean of its measured values, and its computed properties."""
        values: dict[str, list[float]] = {}
        for row in results:
            if row["type"] == self._assay:
                values.setdefault(row["object"], []).append(row["value"])
        objects = {
            text: {self._measured["name"]: sum(measured) / len(measured)} for text, measured in values.items()
        }
        for objective in self.spec["objectives"]:
            computed = objective.get("computed")
            if computed is not None:
                column = domain.properties(list(objects), [computed])[computed].tolist()
                for item, value in zip(objects.values(), column, strict=True):
                    item[objective["name"]] = value
        return Stage(name, list(objects.values()))

    def _calibration(self, number: int) -> str:
        comparison = self.comparisons[-1]
        inside, n = hits(list(zip(comparison.predictions, comparison.values, strict=True)))
        return f"round {number}: {inside} of {n} SIMULATED values lie in their predicted 90 % intervals"

    def _compare(self) -> None:
        self.printer.head("What improved, and what did not")
        objectives = self.spec["objectives"]
        measured = [stage for stage in self.stages if stage.kind == "measured"]
        self.printer.outcome(lines(objectives, self.stages), verdicts(objectives, measured))
        plot_predictions(
            self.comparisons, self._measured["name"], self.folder / "predicted-against-simulated"
        )

    @property
    def _measured(self) -> dict[str, Any]:
        """The objective that the lab measures."""
        measured: dict[str, Any] = next(
            item for item in self.spec["objectives"] if item.get("computed") is None
        )
        return measured

    @property
    def _assay(self) -> str:
        return str(self._measured.get("type") or self._measured["name"])


def _values_of(results: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the results with exact values: no failures and no bounds."""
    return [row for row in results if row["outcome"] == "ok" and row["relation"] == "="]
