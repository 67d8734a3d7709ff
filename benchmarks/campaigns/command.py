"""The command line of replayed campaigns: what to run, with which seeds, for how long and from where.

Depends on no campaign.
"""

import argparse
import importlib
import math
import pkgutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import torch

from benchmarks import results
from benchmarks.campaigns.framework import MOST_SEEDS, Session
from benchmarks.report import QUICK, Report, json_file

Run = Callable[[Session], None]
SEEDS = 20


class Command(NamedTuple):
    """A benchmark's module name, its title and the option that chooses what to run."""

    name: str
    title: str
    option: str


def modules(package: str, folder: Path, attribute: str) -> list[ModuleType]:
    """Return the modules of a package that define an attribute."""
    names = [item.name for item in pkgutil.iter_modules([str(folder)]) if item.name != "__main__"]
    opened = [importlib.import_module(f"{package}.{name}") for name in names]
    return [module for module in opened if hasattr(module, attribute)]


def run_campaigns(
    command: Command, runs: Mapping[str, Run], arguments: Sequence[str] | None = None
) -> Report:
    """Replay, print and write."""
    options = _options(command, list(runs), arguments)
    torch.set_num_threads(options.threads)
    title = command.title + (QUICK if options.quick else "")
    report = Report(title, command.name, sys.argv[1:] if arguments is None else arguments)
    if options.json is not None:
        report.commit = results.commit()
    seeds = range(options.first, options.first + options.seeds)
    only = frozenset(options.methods.split(",")) if options.methods else frozenset()
    folder = options.resume / "quick" if options.quick and options.resume else options.resume
    deadline = time.monotonic() + 60 * options.minutes
    report.seeds |= set(seeds)
    for name in options.chosen:
        runs[name](Session(seeds, options.quick, folder, report, only, deadline))
        if options.json is not None:
            report.write(options.json)
    report.show()
    return report


def _options(command: Command, names: list[str], arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{command.name}", description=command.title)
    parser.add_argument(
        command.option,
        dest="chosen",
        help=f"what to run, separated by commas; all by default: {', '.join(names)}",
    )
    parser.add_argument("--methods", help="methods to run, separated by commas; all by default")
    parser.add_argument("--seeds", type=int, help=f"how many ({SEEDS} by default, 1 with --quick)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--quick", action="store_true", help="a smoke run; its figures prove nothing")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="make no further choice after that; with --resume"
    )
    parser.add_argument("--json", type=json_file, help="write claims and rows to this file")
    parser.add_argument(
        "--resume", type=Path, help="folder that keeps every choice; a run goes on where one stopped"
    )
    options = parser.parse_args(arguments)
    options.chosen = names if options.chosen is None else options.chosen.split(",")
    if unknown := sorted(set(options.chosen) - set(names)):
        parser.error(f"{command.option}: there is no {', '.join(unknown)}; there are {', '.join(names)}")
    options.seeds = options.seeds or (1 if options.quick else SEEDS)
    if not 0 <= options.first < options.first + options.seeds <= MOST_SEEDS:
        parser.error(f"--seeds, --first: seeds lie between 0 and {MOST_SEEDS - 1}")
    if options.minutes < math.inf and options.resume is None:
        parser.error("--minutes: needs --resume, or what was done so far would be lost")
    return options
