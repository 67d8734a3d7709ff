"""Replay campaigns: `python -m benchmarks.campaigns [--only NAME,...] [--seeds N] [--resume FOLDER]`.

Every module of this folder with a `NAME` and a `run(session)` is a campaign, discovered by name.
"""

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

import torch

from benchmarks import results
from benchmarks.campaigns.framework import MOST_SEEDS, Session
from benchmarks.report import QUICK, Report, json_file

TITLE = "Campaigns: published tasks replayed, every method from the same start"


def installed() -> dict[str, ModuleType]:
    """Return the campaigns by name."""
    infos = pkgutil.iter_modules([str(Path(__file__).parent)])
    modules = [
        importlib.import_module(f"benchmarks.campaigns.{item.name}") for item in infos if item.name != "__main__"
    ]
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}


def _options(names: list[str], arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=TITLE)
    parser.add_argument("--only", help=f"campaigns to run, separated by commas; there are {', '.join(names)}")
    parser.add_argument("--methods", help="methods to run, separated by commas; all by default")
    parser.add_argument("--seeds", type=int, help="how many (20 by default, 1 with --quick)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--quick", action="store_true", help="a smoke run; its figures prove nothing")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--json", type=json_file, help="write claims and rows to this file")
    parser.add_argument("--resume", type=Path, help="folder that keeps every choice; a run goes on where one stopped")
    options = parser.parse_args(arguments)
    options.only = names if options.only is None else options.only.split(",")
    if unknown := sorted(set(options.only) - set(names)):
        parser.error(f"--only: there is no {', '.join(unknown)}; there are {', '.join(names)}")
    options.seeds = options.seeds or (1 if options.quick else 20)
    if not 0 <= options.first < options.first + options.seeds <= MOST_SEEDS:
        parser.error(f"--seeds, --first: seeds lie between 0 and {MOST_SEEDS - 1}")
    return options


def main(arguments: list[str] | None = None) -> Report:
    """Replay, print and write."""
    campaigns = installed()
    options = _options(list(campaigns), arguments)
    torch.set_num_threads(options.threads)
    report = Report(
        TITLE + (QUICK if options.quick else ""), "campaigns", sys.argv[1:] if arguments is None else arguments
    )
    if options.json is not None:
        report.commit = results.commit()
    seeds = range(options.first, options.first + options.seeds)
    only = frozenset(options.methods.split(",")) if options.methods else frozenset()
    report.seeds |= set(seeds)
    for name in options.only:
        folder = options.resume / "quick" if options.quick and options.resume else options.resume
        campaigns[name].run(Session(seeds, options.quick, folder, report, only))
        if options.json is not None:
            report.write(options.json)
    report.show()
    return report


if __name__ == "__main__":
    main()
