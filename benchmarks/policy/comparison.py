"""Report a task of `benchmarks.policy`: figures by method, paired differences, cost ratios, claims with bars.

Knows the rows of replayed campaigns, but no task. A difference is ours less the control's, seed by seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, final

from benchmarks.campaigns.figures import difference, interval, show, values, with_half, with_total_costs
from benchmarks.campaigns.framework import ON_PROXIES, Row, Session

CONTROL = "genetic_on_proxies"
"""Our proxies, acquisition, candidate filter and selection, searched by a genetic algorithm."""
CALLS = "n_scored"
MOST_CALLS = 1.05
"""Bar for our proxy calls over the control's: batches end a search a little above or below its number."""
COSTS = ("cpu_seconds", CALLS)
AFTER_THE_FIRST = 2
"""Round from which the coverage of intervals is held to its bars."""
COVERAGE = (0.85, 0.95)
"""Bars for the share of results inside 90 % intervals."""


class Generated(NamedTuple):
    """A campaign whose batches are generated: the names of our method and the control, and its replay."""

    ours: str
    control: str
    replay: Callable[[Session], list[Row]]


@final
@dataclass(frozen=True, slots=True)
class Bar:
    """A bar for our mean of a figure after a round, or for the difference with the method `less`.

    `n_round` is the last round if None.
    """

    figure: str
    relation: Literal[">=", "<="]
    value: float
    less: str = ""
    n_round: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Comparison:
    """What a task compares: `figures` of `ours` and of `controls`, and its bars."""

    title: str
    figures: tuple[str, ...]
    bars: tuple[Bar, ...] = ()
    ours: str = "assayflow"
    controls: tuple[str, ...] = (CONTROL,)

    def report(self, session: Session, rows: Sequence[Row]) -> None:
        """Report rows of all methods; a quick run supports no claim."""
        if not rows:
            return
        last = max(row["round"] for row in rows)
        show(session.report, self.title, rows, (*self.figures, "coverage"), (1, last))
        for control in self.controls:
            self._differences(session, rows, control, last)
        if not session.quick:
            for bar in self.bars:
                self._claim(session, rows, bar, last)

    def _differences(self, session: Session, rows: Sequence[Row], control: str, last: int) -> None:
        for figure in self.figures:
            gap, half, n = difference(rows, (self.ours, control), figure, last)
            if n:
                session.report.row(
                    task=self.title, figure=figure, less=control, difference=with_half(gap, half), seeds=n
                )
        if control.endswith(ON_PROXIES):
            self._costs(session, with_total_costs(rows), control, last)

    def _costs(self, session: Session, totals: Sequence[Row], control: str, last: int) -> None:
        for cost in COSTS:
            ours, theirs = (values(totals, name, cost, last) for name in (self.ours, control))
            ratio, half, n = interval([ours[seed] / theirs[seed] for seed in ours if theirs.get(seed)])
            if not n:
                continue
            session.report.row(
                task=self.title, cost=cost, over=control, ratio=with_half(ratio, half), seeds=n
            )
            if cost == CALLS and not session.quick:
                name = f"{self.title}: proxy calls over those of {control}"
                session.report.claim(name, ratio, "<=", MOST_CALLS, half)

    def _claim(self, session: Session, rows: Sequence[Row], bar: Bar, last: int) -> None:
        n_round = last if bar.n_round is None else bar.n_round
        after = "" if bar.n_round is None else f" in round {n_round}"
        if bar.less:
            figure, half, _ = difference(rows, (self.ours, bar.less), bar.figure, n_round)
            name = f"{self.title}: {bar.figure}{after}, ours less {bar.less}"
        else:
            figure, half, _ = interval(list(values(rows, self.ours, bar.figure, n_round).values()))
            name = f"{self.title}: mean {bar.figure}{after}"
        session.report.claim(name, figure, bar.relation, bar.value, half)


def report_coverage(session: Session, title: str, rows: Sequence[Row], methods: Sequence[str]) -> None:
    """Report the prospective coverage of 90 % intervals by method and round, and the worst batch.

    Claims are on the first of the methods.
    """
    for method in methods:
        found = [row for row in rows if row["method"] == method and "coverage" in row]
        by_round = {
            n_round: [row["coverage"] for row in found if row["round"] == n_round]
            for n_round in sorted({row["round"] for row in found})
        }
        for n_round, shares in by_round.items():
            mean, half, n = interval(shares)
            session.report.row(
                task=title,
                method=method,
                round=n_round,
                coverage=with_half(mean, half),
                worst_batch=min(shares),
                batches=n,
            )
    if session.quick:
        return
    mean, half, _ = interval(_later_coverage(rows, methods[0]))
    name = f"{title}: coverage of 90 % intervals after round 1, {methods[0]}"
    session.report.claim(name, mean, ">=", COVERAGE[0], half)
    session.report.claim(name, mean, "<=", COVERAGE[1], half)


def _later_coverage(rows: Sequence[Row], method: str) -> list[float]:
    """Return the mean coverage of each seed after the first round."""
    later: dict[int, list[float]] = {}
    for row in rows:
        if row["method"] == method and row["round"] >= AFTER_THE_FIRST and "coverage" in row:
            later.setdefault(row["seed"], []).append(row["coverage"])
    return [sum(shares) / len(shares) for shares in later.values()]
