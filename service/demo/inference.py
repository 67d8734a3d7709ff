"""Run the demonstration's last part over HTTP: samples, predictions and insights of a trained campaign."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from assayflow import Client
    from assayflow.client.shapes.jobs import SamplesAnswer
    from service.demo.labs.case import Case
    from service.demo.printing import Printer

_SEED = 1
_EACH = 4
_COLDER = 8
"""Ratio of the second samples' inverse temperature to the first one."""


def run_inference(
    client: Client, campaign: str, case: Case, printer: Printer, check: Callable[[], None]
) -> None:
    """Sample at a lower and a higher inverse temperature, and predict the case's own objects.

    Args:
        client: a client of the service.
        campaign: one with a trained round.
        case: gives the objects to predict.
        printer: shows requests and responses.
        check: called while waiting for a job; may raise.

    Raises:
        AssayflowError: if a call is refused or a job fails.
    """
    objectives = case.spec()["objectives"]
    printer.head("Trained campaign: more samples, without retraining")
    bolder = _samples(client, campaign, {"n": _EACH, "beta": "bolder", "seed": _SEED}, printer, check)
    printer.samples(bolder, objectives)
    [beta] = bolder["request"]["beta"]
    request = {"n": _EACH, "beta": beta * _COLDER, "seed": _SEED}
    printer.samples(_samples(client, campaign, request, printer, check), objectives)
    printer.head("Trained campaign: predictions of your own objects")
    printer.say(f"requesting predictions of {', '.join(' '.join(columns.values()) for columns in case.own)}")
    with printer.progress("predictions") as show:
        predicted = client.predictions.run(campaign, case.own, mode="partial", progress=show, check=check)
    printer.predictions(predicted, objectives)


def save_insights(client: Client, campaign: str, folder: Path, printer: Printer) -> None:
    """Print the campaign's insights, and save all figures and numbers."""
    printer.head("Insights: what the campaign has brought")
    insights = client.insights.get(campaign)
    for statement in insights["statements"]:
        printer.say(f"- {statement}")
    text = json.dumps(insights, indent=2, ensure_ascii=False) + "\n"
    (folder / "insights.json").write_text(text, encoding="utf-8")
    for figure in insights["figures"]:
        content = client.insights.figure(campaign, figure["name"])
        (folder / f"insights-{figure['name']}.svg").write_bytes(content)


def _samples(
    client: Client, campaign: str, request: Mapping[str, Any], printer: Printer, check: Callable[[], None]
) -> SamplesAnswer:
    printer.say(f"requesting samples: {json.dumps(request)}")
    with printer.progress("samples") as show:
        return client.samples.run(campaign, request, progress=show, check=check)
