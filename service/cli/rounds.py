"""`assayflow rounds`: start, follow, cancel and repeat rounds over HTTP."""

from typing import Annotated

import typer

from assayflow import AssayflowError
from service.cli.connection import Campaign, Shell, over_http
from service.terminal.lists import details, list_table, moment, percent
from service.terminal.tables import progress

commands = typer.Typer(help="Start, follow, cancel and repeat rounds.", no_args_is_help=True)

Number = Annotated[
    int | None, typer.Argument(min=1, help="The round's number; the latest when absent.", metavar="[ROUND]")
]
Timeout = Annotated[
    float | None, typer.Option(min=0, help="Seconds to wait at most; the round goes on. Exit code 4.")
]
Follow = Annotated[bool, typer.Option("--follow", help="Wait for the batch and show progress.")]


@over_http(commands, "start")
def start_round(shell: Shell, campaign: Campaign, follow: Follow = False, timeout: Timeout = None) -> None:
    """Start the next round, and print its number."""
    number = shell.client.rounds.start(campaign)["number"]
    _started(shell, campaign, number, follow=follow, timeout=timeout)


@over_http(commands, "list")
def list_rounds(shell: Shell, campaign: Campaign) -> None:
    """List the rounds of a campaign."""
    items = shell.client.rounds.list(campaign).all()
    cells = ("number", "state", percent("progress"), "message", moment("created_at"), moment("released_at"))
    shell.show(items, list_table(items, *cells))


@over_http(commands, "show")
def show_round(shell: Shell, campaign: Campaign, number: Number = None) -> None:
    """Show a round and what it says of itself; --json has its whole summary."""
    found = shell.client.rounds.get(campaign, latest(shell, campaign, number))
    statements = (found["summary"] or {}).get("statements", [])
    shell.show(found, details(found), *statements)


@over_http(commands, "follow")
def follow_round(shell: Shell, campaign: Campaign, number: Number = None, timeout: Timeout = None) -> None:
    """Wait for a round's batch and show progress; a failed or cancelled round is exit code 5."""
    _follow(shell, campaign, latest(shell, campaign, number), timeout)


@over_http(commands, "cancel")
def cancel_round(shell: Shell, campaign: Campaign, number: Number = None) -> None:
    """Stop computing a round."""
    found = shell.client.rounds.cancel(campaign, latest(shell, campaign, number))
    shell.show(found, f"round {found['number']} will be cancelled")


@over_http(commands, "retry")
def retry_round(
    shell: Shell, campaign: Campaign, number: Number = None, follow: Follow = False, timeout: Timeout = None
) -> None:
    """Compute a failed or cancelled round again, from the same data and seed."""
    found = shell.client.rounds.retry(campaign, latest(shell, campaign, number))
    _started(shell, campaign, found["number"], follow=follow, timeout=timeout)


def latest(shell: Shell, campaign: str, number: int | None) -> int:
    """Return the number of a round; that of the latest when none is given.

    Raises:
        AssayflowError: if the campaign has no round yet.
    """
    if number is not None:
        return number
    rounds = shell.client.campaigns.get(campaign)["rounds"]
    if not rounds:
        raise AssayflowError(
            f"the campaign has no round yet: start one by `assayflow rounds start {campaign}`"
        )
    return rounds


def _started(shell: Shell, campaign: str, number: int, *, follow: bool, timeout: float | None) -> None:
    if follow:
        shell.say(f"round {number} is started")
        _follow(shell, campaign, number, timeout)
    else:
        shell.show(shell.client.rounds.get(campaign, number), f"round {number} is started")


def _follow(shell: Shell, campaign: str, number: int, timeout: float | None) -> None:
    with progress(shell.progress_console, f"round {number}") as show:
        ended = shell.client.rounds.wait(campaign, number, progress=show, timeout=timeout)
    shell.show(ended, f"round {number}: {ended['state']}, {ended['message']}")
