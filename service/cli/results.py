"""Commands that amend results over HTTP: nothing is changed or deleted, and everything has a reason."""

from typing import Annotated

import typer

from service.cli.inference import HERE, Campaign, Key, Url, connected
from service.client.client import ClientError
from service.client.terminal import console, say

commands = typer.Typer()

Reason = Annotated[str, typer.Option(help="Why, for the record.")]


@commands.command()
def correct(
    campaign: Campaign,
    result: Annotated[str, typer.Argument(help="The result's id.", metavar="RESULT")],
    column: Annotated[
        list[str], typer.Option("--set", help="A column that is otherwise, such as value=80; may be repeated.")
    ],
    reason: Reason,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Put another result in the place of one; what no --set says stays as it is stored."""
    row = dict(_column(text) for text in column)
    with connected(url, key) as client:
        made = client.correct_result(campaign, result, row, reason)
    say(console(), f"result {made['id']} is in the place of {result}")


@commands.command()
def withdraw(
    campaign: Campaign,
    reason: Reason,
    result: Annotated[str | None, typer.Option(help="A result's id.")] = None,
    upload: Annotated[str | None, typer.Option(help="Or an upload's id: all its results.")] = None,
    url: Url = HERE,
    key: Key = "",
) -> None:
    """Let a result, or all results of an upload, count no more."""
    if (result is None) == (upload is None):
        raise ClientError("give --result or --upload, and not both")
    with connected(url, key) as client:
        if result is not None:
            client.withdraw_result(campaign, result, reason)
            say(console(), f"result {result} counts no more")
        elif upload is not None:
            say(console(), f"{client.withdraw_upload(campaign, upload, reason)} results count no more")


def _column(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise ClientError(f"--set {text}: give a column and what it is, such as value=80")
    return name.strip(), value.strip()
