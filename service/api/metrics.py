"""Expose Prometheus metrics for operators. Each application has its own registry; nothing is global."""

import time
from collections.abc import Callable, Iterator, Mapping
from math import inf
from threading import Lock
from typing import final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

Count = Callable[[], Mapping[tuple[str, ...], int]]
_COUNTED_EVERY = 5.0
"""Shortest interval in seconds between two counts of the rows."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@final
class Metrics:
    """Count and time requests by route, and count rounds and jobs when scraped.

    Args:
        count_rounds: returns (state,) -> number, over all workspaces.
        count_jobs: returns (kind, state) -> number, over all workspaces.
    """

    def __init__(self, count_rounds: Count, count_jobs: Count) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "assayflow_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "assayflow_request_seconds",
            "Seconds until a request was answered",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.registry.register(_Stored("rounds", "Rounds by state", ["state"], count_rounds))
        self.registry.register(_Stored("jobs", "Jobs by kind and state", ["kind", "state"], count_jobs))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record one request; `route` is its template, so that ids do not multiply the series."""
        known = method if method in _METHODS else "OTHER"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)


@final
class _Stored(Collector):
    """Count rows of the database at a scrape, at a limited rate: scraping needs no key."""

    def __init__(self, name: str, description: str, labels: list[str], count: Count) -> None:
        self._name, self._description, self._labels = f"assayflow_{name}", description, labels
        self._count = count
        self._lock, self._counted_at = Lock(), -inf
        self._counts: Mapping[tuple[str, ...], int] = {}

    def describe(self) -> Iterator[Metric]:
        """Describe the metric without querying the database."""
        yield self._empty()

    def collect(self) -> Iterator[Metric]:
        """Return the current counts, or those of the last few seconds."""
        family = self._empty()
        try:
            for labels, number in sorted(self._recent().items()):
                family.add_metric(labels, number)
        except SQLAlchemyError:
            return  # the other metrics are most useful while the database is down
        yield family

    def _recent(self) -> Mapping[tuple[str, ...], int]:
        with self._lock:
            if time.monotonic() - self._counted_at >= _COUNTED_EVERY:
                self._counts = self._count()
                self._counted_at = time.monotonic()
            return self._counts

    def _empty(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(self._name, self._description, labels=self._labels)
