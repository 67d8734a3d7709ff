"""Commands for the keys that seal stored credentials, run on the machine of the database."""

import typer

from service.settings import Settings
from service.terminal.tables import console, say

commands = typer.Typer(help="Make and rotate the keys that seal stored credentials.", no_args_is_help=True)


@commands.command("new-key")
def add_key() -> None:
    """Write a new key into the first line of the file of keys; older keys stay and open what they sealed."""
    from service.local.secret_keys import keys_file
    from service.sealing import add_key as add

    path = keys_file(Settings())
    add(path)
    say(console(), f"{path} has a new key. Give it to every process, then run `assayflow secrets rotate`.")


@commands.command("rotate")
def rotate() -> None:
    """Seal every stored credential with the newest key; afterwards older lines of the file may be removed."""
    from service.local.secret_keys import reseal
    from service.sealing import SealingError

    report = reseal(Settings())
    say(
        console(),
        f"{report.n_changed} of {report.n_all} stored credentials were sealed with the newest key, "
        f"{report.n_all - report.n_changed - len(report.lost)} were already.",
    )
    if report.lost:
        raise SealingError(
            f"no key opens {', '.join(report.lost)}: put the key back with which they were sealed and run "
            "this again, or enter these credentials again"
        )
