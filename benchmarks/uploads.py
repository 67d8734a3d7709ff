"""One large upload beside reads: its duration, the latency of the reads, and the API's peak memory.

The whole stack runs on this machine with its embedded servers. A table of repeated peptides is sent as CSV
while other clients read the campaign and a page of its results without pause. Latencies of readers are
compared with the same reads before the upload, in the same run; memory is that of the API process and of its
children, sampled ten times a second.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.report import Report, run
from service.local.stack import start_local_stack
from service.settings import Settings

ROWS = 100_000
QUICK_ROWS = 5_000
READERS = 2
SECONDS_BEFORE = 10.0
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
MOST_TIMES_SLOWER = 5.0
MOST_API_MEGABYTES = 400.0
SPEC = {
    "name": "uploads",
    "domain": {"kind": "peptides", "min_length": 4, "max_length": 4},
    "objectives": [{"name": "affinity", "type": "affinity", "units": "nM", "transform": "log10"}],
}


def table(n: int) -> str:
    """Return a CSV of n results with distinct ids; every tenth is a bound."""
    lines = ["sequence,affinity (nM),external_id"]
    for row in range(n):
        residues = (RESIDUES[(row // 20**step) % 20] for step in range(4))
        value = 1 + row % 9973
        lines.append(f"{''.join(residues)},{'>' if row % 10 == 0 else ''}{value},R{row:06d}")
    return "\n".join(lines)


def percentile(values: list[float], share: float) -> float:
    """Return the percentile of a share of the values."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


class Reader(threading.Thread):
    """A thread that reads one path repeatedly, and records the duration of each response."""

    def __init__(self, url: str, headers: dict[str, str], path: str) -> None:
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self._client = httpx.Client(base_url=url, headers=headers, timeout=120, trust_env=False)
        self._path = path
        self._ended = threading.Event()

    def run(self) -> None:
        """Read until stopped."""
        with self._client:
            while not self._ended.is_set():
                start = time.perf_counter()
                self._client.get(self._path).raise_for_status()
                self.seconds.append(time.perf_counter() - start)

    def end(self) -> list[float]:
        """Stop, and return the seconds of every response."""
        self._ended.set()
        self.join()
        return self.seconds


@contextmanager
def peak_memory(pid: int) -> Iterator[dict[str, float]]:
    """Record peak resident megabytes of a process (`api`) and of its children together (`children`)."""
    peaks = {"api": 0.0, "children": 0.0}
    stop = threading.Event()
    parent = psutil.Process(pid)

    def watch() -> None:
        while not stop.wait(0.1):
            peaks["api"] = max(peaks["api"], _megabytes(parent))
            peaks["children"] = max(peaks["children"], sum(map(_megabytes, parent.children(recursive=True))))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        stop.set()
        watcher.join()


def _megabytes(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def read_during(work: Callable[[], Any], url: str, headers: dict[str, str], path: str) -> tuple[Any, list[float]]:
    """Return the result of the work, and the seconds of every response to readers meanwhile."""
    readers = [Reader(url, headers, path) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    answer = work()
    return answer, [seconds for reader in readers for seconds in reader.end()]


def upload(client: httpx.Client, path: str, content: str) -> tuple[dict[str, Any], float]:
    """Send a table and wait until it is stored; return its report and the duration in seconds.

    A long table is accepted as a job, which is polled at its location.
    """
    start = time.perf_counter()
    answer = client.post(path, content=content.encode(), headers={"Content-Type": "text/csv"})
    answer.raise_for_status()
    report: dict[str, Any] = answer.json()
    if answer.status_code == httpx.codes.ACCEPTED:
        job: dict[str, Any] = {"state": "queued"}
        while job["state"] not in {"succeeded", "failed", "cancelled"}:
            waiting = client.get(answer.headers["Location"], headers={"Prefer": "wait=20"})
            waiting.raise_for_status()
            job = waiting.json()
        report = job["report"]
    return report, time.perf_counter() - start


def measure(report: Report, quick: bool) -> None:  # noqa: FBT001 - as `run` calls it
    """Upload one table, with reads before and during the upload."""
    n = QUICK_ROWS if quick else ROWS
    with (
        tempfile.TemporaryDirectory() as folder,
        _stack(Path(folder)) as (url, headers, pid),
        httpx.Client(base_url=url, headers=headers, timeout=600, trust_env=False) as client,
    ):
        created = client.post("/v1/campaigns", json=SPEC)
        created.raise_for_status()
        campaign = f"/v1/campaigns/{created.json()['id']}"
        upload(client, f"{campaign}/results", table(100).replace(",R", ",S"))
        for path in (campaign, f"{campaign}/results?limit=100"):
            _, before = read_during(lambda: time.sleep(SECONDS_BEFORE), url, headers, path)
            content = table(n).replace(",R", ",A" if path == campaign else ",B")
            with peak_memory(pid) as peaks:
                sent = _send(client, campaign, content)
                (answer, seconds), beside = read_during(sent, url, headers, path)
            ratio = percentile(beside, 0.99) / percentile(before, 0.99)
            report.row(
                reads=path.removeprefix(campaign) or "/campaign",
                rows=n,
                stored=answer["accepted"],
                seconds=seconds,
                p50_before=statistics.median(before),
                p50_beside=statistics.median(beside),
                p99_before=percentile(before, 0.99),
                p99_beside=percentile(beside, 0.99),
                api_peak_mb=peaks["api"],
                children_peak_mb=peaks["children"],
            )
            name = "a campaign" if path == campaign else "a page of results"
            report.claim(f"reads of {name} beside an upload, p99 over before", ratio, "<=", MOST_TIMES_SLOWER)
            report.claim(f"API, peak megabytes beside reads of {name}", peaks["api"], "<=", MOST_API_MEGABYTES)


def _send(client: httpx.Client, campaign: str, content: str) -> Callable[[], tuple[dict[str, Any], float]]:
    return lambda: upload(client, f"{campaign}/results", content)


@contextmanager
def _stack(folder: Path) -> Iterator[tuple[str, dict[str, str], int]]:
    """Start the whole stack; yield its address, the headers with a key and the process of the API."""
    settings = Settings(data_dir=folder, port=0, _env_file=None)
    with start_local_stack(settings, logs=folder) as live:
        assert live.new_key is not None
        api = next(part for part in live.parts if part.name == "API")
        yield live.url, {"Authorization": f"Bearer {live.new_key}"}, api.process.pid


if __name__ == "__main__":
    run("Uploads", measure)
