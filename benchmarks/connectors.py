"""Connectors against fakes of their systems: the twelve faults, and what a batch of 96 candidates costs.

Every kind runs the tests' own suite of faults (`tests/service/integrations/test_connector_faults.py`).
Then a batch of 96 molecules is released: requests and seconds until the other system has the whole batch, and
until 96 results are stored here. The fakes answer at once, so the seconds are this product's own; the number
of requests is what a system's limits are about.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from rdkit import Chem

from benchmarks.report import Report, run

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "tests/service/integrations/test_connector_faults.py"
KINDS = ROOT / "service/lims/kinds"
SUPPORT = [str(ROOT / "tests" / part) for part in ("support", "plugin")]
FAULTS = tuple(f"F{number}" for number in range(1, 13))
BATCH = 96
SPEC: dict[str, Any] = {
    "name": "A batch of 96",
    "domain": {"kind": "molecules"},
    "objectives": [{"name": "potency", "units": "nM", "direction": "minimize"}],
    "batch": {"size": BATCH},
}
MOST_LINES = 300


def faults() -> dict[str, dict[str, str]]:
    """Run the suite of faults, and return kind -> fault -> holds, fails, or none where it cannot happen."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        subprocess.run([*command, str(SUITE)], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        cases = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest's own file
        found: dict[str, dict[str, str]] = {}
        for case in cases:
            name, _, parameters = case.attrib["name"].partition("[")
            fault = name.split("_")[1].upper()
            if fault not in FAULTS:
                continue
            kind = next(kind for kind in kinds() if kind in parameters)
            outcome = (
                "fails" if case.find("failure") is not None or case.find("error") is not None else "holds"
            )
            outcome = "none" if case.find("skipped") is not None else outcome
            before = found.setdefault(kind, {}).get(fault)
            found[kind][fault] = "fails" if "fails" in (before, outcome) else outcome
        return found


def kinds() -> list[str]:
    """Return the kinds of connectors that have a fake, the longest name first."""
    from lane_world import fake_kinds

    return sorted(fake_kinds(), key=len, reverse=True)


def molecules() -> tuple[str, ...]:
    """Return as many small amines as a batch holds."""
    pairs = [(i, j) for i in range(1, 20) for j in range(i, 20)][:BATCH]
    return tuple(Chem.MolToSmiles(Chem.MolFromSmiles(f"{'C' * i}N{'C' * j}")) for i, j in pairs)


def costs(report: Report) -> None:
    """Release a batch to every kind of system, let its lab fill the results in, and read them."""
    from fakes.lab import Measurement
    from lane_world import LaneWorld, make_fake

    from service.local.servers import services
    from service.settings import Settings
    from service.store.migrations import migrate

    with tempfile.TemporaryDirectory() as folder, services(Settings(data_dir=Path(folder))) as settings:
        migrate(settings.required_database_url())
        for kind in sorted(kinds()):
            with closing(LaneWorld(settings, make_fake(kind), molecules(), SPEC)) as world:
                checked, began = world.fake.n_requests, time.perf_counter()
                world.release()
                world.settle()
                pushed, n_pushed = time.perf_counter() - began, world.fake.n_requests - checked
                for n, name in enumerate(world.objects):
                    world.fake.measure(world.key(name), Measurement(str(n + 1)))
                n_before, began = world.fake.n_requests, time.perf_counter()
                for _ in range(20):
                    world.later()
                    world.run()
                    if len(world.results()) == BATCH:
                        break
                report.row(
                    kind=kind,
                    lines=_lines(kind),
                    requests_to_push=n_pushed,
                    seconds_to_push=pushed,
                    requests_to_read=world.fake.n_requests - n_before,
                    seconds_to_read=time.perf_counter() - began,
                    results=len(world.results()),
                )
                report.claim(f"{kind}: results of 96 that arrived", len(world.results()), ">=", BATCH)
                report.claim(f"{kind}: lines of its file", _lines(kind), "<=", MOST_LINES)


def _lines(kind: str) -> int:
    """Return the lines of a kind's module, or of all modules of its package."""
    one = KINDS / f"{kind}.py"
    modules = [one] if one.is_file() else sorted((KINDS / kind).glob("*.py"))
    return sum(len(module.read_text(encoding="utf-8").splitlines()) for module in modules)


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - as `run` calls it
    """Fill the table of faults, unless the run is quick, and the table of costs."""
    sys.path += SUPPORT
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    costs(report)
    if quick:
        return
    for kind, held in sorted(faults().items()):
        report.row(connector=kind, **{fault: held.get(fault, "not run") for fault in FAULTS})
        n_failed = sum(outcome not in ("holds", "none") for outcome in held.values())
        report.claim(f"{kind}: faults that do not hold", n_failed, "<=", 0)


if __name__ == "__main__":
    run("Connectors to laboratory systems", measure)
