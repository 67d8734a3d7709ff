"""Figures for operators in Prometheus' format. Each application has its own registry; nothing is global."""

from collections.abc import Callable, Iterator, Mapping
from typing import final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@final
class Metrics:
    """Counts and times requests by route, and asks for the number of rounds in each state when scraped.

    Args:
        count_rounds: returns round state -> number, over all workspaces.
    """

    def __init__(self, count_rounds: Callable[[], Mapping[str, int]]) -> None:
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
        self.registry.register(_Rounds(count_rounds))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record one request; `route` is its template, so that ids do not multiply the series."""
        known = method if method in _METHODS else "OTHER"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)


@final
class _Rounds(Collector):
    """Rounds by state, counted at the moment of the scrape."""

    def __init__(self, count_rounds: Callable[[], Mapping[str, int]]) -> None:
        self.count_rounds = count_rounds

    def describe(self) -> Iterator[Metric]:
        """Name the metric without asking the database."""
        yield self._empty()

    def collect(self) -> Iterator[Metric]:
        """Count now."""
        family = self._empty()
        try:
            for state, number in sorted(self.count_rounds().items()):
                family.add_metric([state], number)
        except SQLAlchemyError:
            return  # the other figures are wanted most when the database is away
        yield family

    def _empty(self) -> GaugeMetricFamily:
        return GaugeMetricFamily("assayflow_rounds", "Rounds by state", labels=["state"])
