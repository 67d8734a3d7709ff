"""Cost of starting: processor seconds and peak memory of importing the application, beside its dependencies.

Each import runs in a fresh process. The bar is a ratio to FastAPI and SQLAlchemy alone, measured in the same
run, since seconds differ from machine to machine; memory is compared with the bar in megabytes. The
application loads no torch, which a test proves; the worker does, and is listed for comparison.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Report, run

ROOT = Path(__file__).parents[1]
PROGRAMS = {
    "fastapi and sqlalchemy": "import fastapi, sqlalchemy, pydantic_settings",
    "service.app": "import service.app",
    "workers.app": "import workers.app",
    "models.propose": "import models.propose",
}
MEASURE = """
import json, time
from pathlib import Path
start = time.process_time()
{program}
seconds = time.process_time() - start
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(json.dumps([seconds, int(status["VmHWM"].split()[0]) / 1024]))
"""
MOST_TIMES_THE_FRAMEWORK = 4.0
MOST_MEGABYTES = 200.0


def _measure(program: str) -> tuple[float, float]:
    """Return processor seconds and peak megabytes of a program's imports."""
    completed = subprocess.run(
        [sys.executable, "-c", MEASURE.format(program=program)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, megabytes = json.loads(completed.stdout)
    return seconds, megabytes


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - as `run` calls it
    """Import every program several times in turn, and compare medians."""
    repeats = 2 if quick else 7
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for _ in range(repeats):
        for name, program in PROGRAMS.items():
            measured[name].append(_measure(program))
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in measured.items()
    }
    framework = medians["fastapi and sqlalchemy"][0]
    for name, (seconds, megabytes) in medians.items():
        report.row(imported=name, cpu_seconds=seconds, times_framework=seconds / framework, peak_megabytes=megabytes)
    ours = medians["service.app"]
    report.claim(
        "service.app, CPU over FastAPI and SQLAlchemy alone", ours[0] / framework, "<=", MOST_TIMES_THE_FRAMEWORK
    )
    report.claim("service.app, peak megabytes", ours[1], "<=", MOST_MEGABYTES)


if __name__ == "__main__":
    run("Start-up", measure)
