"""The demonstration's last chapter: a trained campaign is played and asked what it has brought. All of it over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from service.client.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from service.client.client import Client, Job
    from service.demo.labs.case import Case
    from service.demo.printing import Printer

_SEED = 1
_EACH = 4
_COLDER = 8
"""How many times as cold the second samples are as the first."""


def run_inference(client: Client, campaign: str, case: Case, printer: Printer, check: Callable[[], None]) -> None:
    """Draw bolder and colder samples, and judge objects of somebody's own.

    Args:
        client: a client of the service.
        campaign: one with a trained round.
        case: whose own objects are judged.
        printer: shows what is asked and what is answered.
        check: called while a job is awaited; may raise.

    Raises:
        ClientError: if a call is refused or a job fails.
    """
    objectives = case.spec()["objectives"]
    printer.head("Playing the campaign: more samples, without training")
    bolder = _samples(client, campaign, {"n": _EACH, "beta": "bolder", "seed": _SEED}, printer, check)
    printer.samples(bolder, objectives)
    [beta] = bolder["request"]["beta"]
    request = {"n": _EACH, "beta": beta * _COLDER, "seed": _SEED}
    printer.samples(_samples(client, campaign, request, printer, check), objectives)
    printer.head("Playing the campaign: objects of your own")
    table = json.dumps({"objects": case.own}).encode()
    printer.say(f"asked for predictions of {', '.join(' '.join(columns.values()) for columns in case.own)}")
    job = client.request_predictions(campaign, table, "application/json")
    printer.predictions(_answer(client, job, "predictions", printer, check), objectives)


def save_insights(client: Client, campaign: str, folder: Path, printer: Printer) -> None:
    """Tell what the campaign has brought, and save every figure and number of it."""
    printer.head("Insights: what the campaign has brought")
    insights = client.insights(campaign)
    for statement in insights["statements"]:
        printer.say(f"- {statement}")
    text = json.dumps(insights, indent=2, ensure_ascii=False) + "\n"
    (folder / "insights.json").write_text(text, encoding="utf-8")
    for figure in insights["figures"]:
        content = client.figure(campaign, figure["name"], "svg")
        (folder / f"insights-{figure['name']}.svg").write_bytes(content)


def _samples(
    client: Client, campaign: str, request: Mapping[str, Any], printer: Printer, check: Callable[[], None]
) -> dict[str, Any]:
    printer.say(f"asked for samples: {json.dumps(request)}")
    return _answer(client, client.request_samples(campaign, request), "samples", printer, check)


def _answer(client: Client, job: Job, title: str, printer: Printer, check: Callable[[], None]) -> dict[str, Any]:
    return wait_for(client, job, lambda events: printer.progress(events, title), check).data
