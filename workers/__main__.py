"""`python -m workers`: a round worker, a fast worker and upkeep, or one of the three. See `workers.app`."""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from service.settings import Settings
from workers.app import run_worker
from workers.process import die_with_parent

OPTIONS = (
    ("--beat", "upkeep", "only look after lost rounds and jobs"),
    ("--no-beat", "rounds", "only compute rounds and backtests"),
    ("--fast", "fast", "only answer samples and predictions"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m workers", description="Do rounds and jobs, and find lost ones.")
    role = parser.add_mutually_exclusive_group()
    for option, name, told in OPTIONS:
        role.add_argument(option, dest="role", action="store_const", const=name, help=told)
    parser.add_argument("--loglevel", type=str.lower, choices=["debug", "info", "warning", "error"])
    asked = parser.parse_args(arguments)
    settings = Settings()
    if asked.loglevel:
        settings = settings.model_copy(update={"log_level": asked.loglevel})
    if asked.role:
        return run_worker(settings, asked.role)
    with _beside(settings, "--beat"), _beside(settings, "--fast"):
        return run_worker(settings)


@contextmanager
def _beside(settings: Settings, option: str) -> Iterator[None]:
    """Run another role in a process of its own for the block; the kernel ends it if this process is killed."""
    command = [sys.executable, "-m", "workers", option, f"--loglevel={settings.log_level}"]
    process = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: S603, PLW1509 - ourselves; no thread runs yet
    try:
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
