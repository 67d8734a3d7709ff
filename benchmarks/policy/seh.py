"""sEH and drug-likeness, 5 x 96 molecules: the campaign of `benchmarks.campaigns.seh`.

Two searches without a policy stand beside ours on the same proxies: fragments recombined, and the graph
genetic algorithm of Jensen, if that peer is installed.
"""

from benchmarks.campaigns import seh
from benchmarks.campaigns.framework import Session
from benchmarks.policy.comparison import Bar, Comparison, Generated

ON_PROXIES = "fragments_on_proxies"
GRAPHS = "graph_genetic_on_proxies"
COMPARISON = Comparison(
    "sEH",
    seh.FIGURES,
    (
        Bar("hypervolume", ">=", 0.92),
        Bar("top_10_seh", ">=", 7.45),
        Bar("circles_of_good", ">=", 102.0),
        Bar("hypervolume", ">=", 0.01, less=ON_PROXIES),
        Bar("hypervolume", ">=", 0.01, less=GRAPHS),
    ),
    controls=(ON_PROXIES, GRAPHS, "graph_genetic"),
)


def run(session: Session) -> None:
    """Replay and compare."""
    COMPARISON.report(session, seh.replay(session))


TASKS = {"seh": run}
GENERATED = {"sEH": Generated("assayflow", ON_PROXIES, seh.replay)}
