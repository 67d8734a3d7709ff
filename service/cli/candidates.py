"""`assayflow candidates`: look at one candidate, decide about it and replace it, over HTTP."""

from typing import Annotated, Literal

import typer

from service.cli.connection import Shell, over_http
from service.terminal.lists import details, list_table, moment

commands = typer.Typer(help="Look at candidates, decide about them and replace them.", no_args_is_help=True)

CandidateId = Annotated[
    str, typer.Argument(help="The candidate's id, as `batch show` prints it.", metavar="CANDIDATE")
]
Decision = Annotated[
    Literal["approved", "rejected", "withdrawn", "proposed"],
    typer.Argument(help="The decision; `proposed` undoes one.", metavar="STATUS"),
]


@over_http(commands, "show")
def show_candidate(shell: Shell, candidate: CandidateId) -> None:
    """Show a candidate, what is expected of it, and its results so far."""
    found = shell.client.candidates.get(candidate)
    expected = [{"objective": name, **values} for name, values in found["predictions"].items()]
    results = list_table(found["results"], "type", "relation", "value", "units", "outcome")
    shell.show(
        found,
        details(found),
        list_table(expected, "objective", "mean", "sd", "low", "high"),
        *([results] if found["results"] else []),
    )


@over_http(commands, "decide")
def decide(
    shell: Shell,
    candidate: CandidateId,
    status: Decision,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
    analogues: Annotated[bool, typer.Option("--analogues", help="Reject similar ones as well.")] = False,
    similarity: Annotated[
        float | None, typer.Option(min=0, max=1, help="From which on a candidate counts as similar.")
    ] = None,
) -> None:
    """Approve, reject or withdraw a candidate, or undo that."""
    decided = shell.client.candidates.decide(
        candidate, status, reason, analogues=analogues, similarity=similarity
    )
    also = f", and {len(decided['analogues'])} similar ones" if decided["analogues"] else ""
    shell.show(decided, f"candidate {candidate} is {decided['status']}{also}")


@over_http(commands, "replace")
def replace(shell: Shell, candidate: CandidateId) -> None:
    """Replace a rejected or withdrawn candidate by the next best one."""
    made = shell.client.candidates.replace(candidate)
    shell.show(made, f"candidate {made['id']} is in the place of {candidate}: {made['display']}")


@over_http(commands, "decisions")
def list_decisions(shell: Shell, candidate: CandidateId) -> None:
    """List what was decided about a candidate, when and with which key."""
    items = shell.client.candidates.decisions(candidate).all()
    shell.show(items, list_table(items, "status", "reason", "decided_by", moment("decided_at")))
