"""`python -m workers`: a round worker and upkeep, or one of the two. See `workers.app`."""

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from service.settings import Settings
from workers.app import run_worker
from workers.process import die_with_parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m workers", description="Compute rounds and look after lost ones.")
    role = parser.add_mutually_exclusive_group()
    role.add_argument("--beat", action="store_true", help="only look after lost rounds")
    role.add_argument("--no-beat", action="store_true", help="only compute rounds")
    parser.add_argument("--loglevel", type=str.lower, choices=["debug", "info", "warning", "error"])
    asked = parser.parse_args(arguments)
    settings = Settings()
    if asked.loglevel:
        settings = settings.model_copy(update={"log_level": asked.loglevel})
    if asked.beat or asked.no_beat:
        return run_worker(settings, upkeep=asked.beat)
    with _upkeep_beside(settings):
        return run_worker(settings)


@contextmanager
def _upkeep_beside(settings: Settings) -> Iterator[None]:
    """Run upkeep in a second process for the block; the kernel ends it if this process is killed."""
    command = [sys.executable, "-m", "workers", "--beat", f"--loglevel={settings.log_level}"]
    process = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: S603, PLW1509 - ourselves; no thread runs yet
    try:
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
