"""Policy benchmark: tasks run alone and in pieces; controls share the start; figures are paired by seed."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.campaigns.figures import interval
from benchmarks.campaigns.framework import Protocol, Session
from benchmarks.policy.__main__ import main, tasks
from benchmarks.policy.comparison import Bar, Comparison, report_coverage
from benchmarks.policy.function_lab import FunctionLab
from benchmarks.policy.offline import pair_features, ridge
from benchmarks.policy.open_table import OpenTableLab
from benchmarks.policy.tfbind8 import mean_distance
from benchmarks.report import Report
from models.backtests.acquisition_ga import AcquisitionGA
from models.backtests.contract import BacktestTask, Choice, Strategy
from models.backtests.runner import BacktestPlan, backtest
from models.backtests.strategies import build_strategy
from models.backtests.table import TableDomain, TableLab
from models.campaign.spec import CampaignSpec
from models.domains import open_domain
from models.records import History, Measurement, Prediction

SPEC = CampaignSpec.model_validate(
    {
        "name": "four letters",
        "domain": {"kind": "peptides", "min_length": 4, "max_length": 4, "alphabet": "AC"},
        "objectives": [{"name": "value"}],
    }
)
TEXTS = [f"{number:04b}".replace("0", "A").replace("1", "C") for number in range(16)]
VALUES = {text: float(text.count("C")) for text in TEXTS[:12]}
ROWS: list[dict[str, Any]] = [
    {"method": method, "seed": seed, "round": n_round, "best": best + seed, "n_scored": calls}
    | {"seconds": 1.0, "cpu_seconds": cpu, "measured": 8.0}
    for method, best, calls, cpu in (("assayflow", 3.0, 50, 4.0), ("genetic_on_proxies", 1.0, 100, 2.0))
    for seed in (0, 1)
    for n_round in (0, 1, 2)
]


class InOrder(Strategy):
    """Chooses the first untried strings, and is right about every second one."""

    made = 0

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:  # noqa: ARG002
        InOrder.made += 1
        done = {result.object for result in history.measurements}
        objects = tuple(text for text in TEXTS if text not in done)[:k]
        means = [VALUES.get(text, 0.0) + 9.0 * (row % 2) for row, text in enumerate(objects)]
        predicted = {
            text: {"value": Prediction(mean, 1.0, mean - 1, mean + 1)}
            for text, mean in zip(objects, means, strict=True)
        }
        return Choice(objects, 10, predicted, draws=("CCCC", "AAAA"))


def session(folder: Path | None = None, **changes: Any) -> Session:
    return replace(Session((0, 1), False, folder, Report("t", "policy")), **changes)


def protocol(rounds: int = 2) -> Protocol:
    return Protocol(
        "p",
        SPEC,
        rounds,
        2,
        4,
        {"in order": InOrder},
        of_draws=lambda draws: {"absent_draws": sum(text not in VALUES for text in draws) / len(draws)},
    )


def lab() -> OpenTableLab:
    return OpenTableLab(SPEC, open_domain(SPEC.domain), VALUES)


def timeless(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if "seconds" not in name} for row in rows]


def test_every_task_is_discovered_by_name() -> None:
    names = {"ehrlich-32", "ehrlich-15", "gb1-generative", "tfbind8", "offline", "seh", "coverage", "rna-1"}
    assert names | {"holo", "pmo"} <= set(tasks())


def test_an_absent_object_is_a_failed_synthesis_and_the_start_is_that_of_the_table() -> None:
    domain = open_domain(SPEC.domain)
    known, absent = lab().measure(["CAAA", "CCCC"], 2, 0)
    assert (known.value, known.round) == (1.0, 2)
    assert (absent.value, absent.outcome) == (None, "failed_synthesis")
    assert np.isnan(lab().truth(["CCCC"])).all()
    table = TableLab(SPEC, domain, [Measurement(text, "value", value) for text, value in VALUES.items()])
    measured: list[tuple[str, ...]] = []

    class Watch(Strategy):
        def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:  # noqa: ARG002
            measured.append(tuple(result.object for result in history.measurements))
            return Choice(())

    plan = BacktestPlan(SPEC, 1, 2, 4, (7,), ("random",))
    for oracle, known_domain in ((lab(), domain), (table, TableDomain(domain, TEXTS))):
        backtest(plan, oracle, known_domain, lambda *_: None, lambda _: Watch())
    assert measured[0] == measured[1]
    assert len(set(measured[0])) == 4


def test_the_start_can_be_drawn_from_a_part_of_the_table() -> None:
    poor = OpenTableLab(SPEC, open_domain(SPEC.domain), VALUES, TEXTS[:5])
    assert poor.start is not None
    assert set(poor.start(5, 3)) == set(TEXTS[:5])


def test_a_replay_in_pieces_equals_one_in_one_piece_with_predictions_and_draws(tmp_path: Path) -> None:
    domain = open_domain(SPEC.domain)
    whole = session().replay("c", protocol(), lab(), domain)
    InOrder.made = 0
    for folder in (tmp_path, tmp_path):
        kept = session(folder).replay("c", protocol(), lab(), domain)
        assert timeless(kept) == timeless(whole)
        assert InOrder.made == 4
    assert [row.get("coverage") for row in whole[:2]] == [None, 0.5]
    assert [row.get("absent_draws") for row in whole[:2]] == [None, 0.5]


def test_a_search_without_a_policy_may_predict_as_many_objects_as_ours_did_in_each_round(
    tmp_path: Path,
) -> None:
    fields = {"kind": "peptides", "min_length": 12, "max_length": 12, "alphabet": "AC"}
    spec = CampaignSpec.model_validate({**SPEC.model_dump(mode="json"), "domain": fields})
    domain = open_domain(spec.domain)

    class Ours(Strategy):
        def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
            choice = build_strategy("random").choose(task, history, k, seed)
            return Choice(choice.objects, 400 if len(history.measurements) == 10 else 500)

    ways = {"assayflow": Ours, "genetic_on_proxies": lambda: AcquisitionGA(calls=1)}
    both = Protocol("p", spec, 2, 4, 10, ways)
    for folder in (None, tmp_path, tmp_path):
        counted = FunctionLab("value", lambda text: float(text.count("C")))
        rows = session(folder, seeds=(0,)).replay("c", both, counted, domain)
        calls = {(row["method"], row["round"]): row["n_scored"] for row in rows}
        for n_round, expected in ((1, 400), (2, 500)):
            assert calls["assayflow", n_round] == expected
            assert expected <= calls["genetic_on_proxies", n_round] <= 1.05 * expected


class Growing(InOrder):
    """Leaves out one string more with each of its choices."""

    def __init__(self) -> None:
        self.n_chosen = 0

    def needs_earlier_choices(self, task: BacktestTask) -> bool:  # noqa: ARG002
        return True

    def choose(self, task: BacktestTask, history: History, k: int, seed: int) -> Choice:
        self.n_chosen += 1
        choice = super().choose(task, history, k + self.n_chosen, seed)
        return Choice(choice.objects[-k:])


def test_choices_that_a_later_one_needs_are_repeated_when_a_replay_goes_on(tmp_path: Path) -> None:
    domain, growing = open_domain(SPEC.domain), replace(protocol(3), methods={"growing": Growing})
    whole = session(seeds=(0,)).replay("c", growing, lab(), domain)
    session(tmp_path, seeds=(0,)).replay("c", replace(growing, rounds=2), lab(), domain)
    resumed = session(tmp_path, seeds=(0,)).replay("c", growing, lab(), domain)
    assert timeless(resumed) == timeless(whole)


def test_when_the_time_is_over_complete_seeds_are_reported_and_the_next_run_goes_on(tmp_path: Path) -> None:
    domain = open_domain(SPEC.domain)
    session(tmp_path, seeds=(0,)).replay("c", protocol(), lab(), domain)
    late = session(tmp_path, deadline=time.monotonic() - 1)
    rows = late.replay("c", protocol(), lab(), domain)
    assert {row["seed"] for row in rows} == {0}
    assert "left out: seed 1" in late.report.notes[0]
    rows = session(tmp_path).replay("c", protocol(), lab(), domain)
    assert {row["seed"] for row in rows} == {0, 1}


def test_differences_are_paired_and_costs_are_ratios_over_whole_campaigns() -> None:
    report = Report("t", "policy")
    bars = (
        Bar("best", ">=", 3.6),
        Bar("best", ">=", 2.0, less="genetic_on_proxies"),
        Bar("best", ">=", 0.0, n_round=1),
        Bar("best", ">=", 0.0, less="absent method"),
    )
    Comparison("task", ("best",), bars).report(session(report=report), ROWS)
    (difference,) = [row for row in report.rows if "difference" in row]
    assert difference == {
        "task": "task",
        "figure": "best",
        "less": "genetic_on_proxies",
        "difference": "2 ± 0",
        "seeds": 2,
    }
    ratios = {row["cost"]: row["ratio"] for row in report.rows if "cost" in row}
    assert ratios == {"cpu_seconds": "2 ± 0", "n_scored": "0.5 ± 0"}
    assert [claim.value for claim in report.claims] == [0.5, 3.5, 2.0, 3.5]
    assert [claim.holds for claim in report.claims] == [True, False, True, True]
    assert report.notes == ["task: best, ours less absent method: this run has no figure for it"]


def test_a_quick_run_supports_no_claim() -> None:
    report = Report("t", "policy")
    Comparison("task", ("best",), (Bar("best", ">=", 0.0),)).report(session(report=report, quick=True), ROWS)
    assert report.rows
    assert not report.claims


def test_coverage_is_claimed_after_the_first_round_by_seed() -> None:
    rows = [
        {"method": "ours", "seed": seed, "round": n_round, "coverage": share}
        for seed, shares in enumerate(((0.1, 0.8, 1.0), (0.2, 0.9, 0.8)))
        for n_round, share in enumerate(shares, start=1)
    ]
    report = Report("t", "policy")
    report_coverage(session(report=report), "task", rows, ("ours", "control"))
    assert [row["worst_batch"] for row in report.rows] == [0.1, 0.8, 0.8]
    assert [claim.value for claim in report.claims] == [pytest.approx(0.875)] * 2
    assert [claim.holds for claim in report.claims] == [True, True]


def test_coverage_chooses_nothing_and_leaves_out_what_is_not_stored(tmp_path: Path) -> None:
    report = main(["--task", "coverage", "--quick", "--resume", str(tmp_path)])
    assert not report.rows
    assert any("left out: seed 0" in note for note in report.notes)
    assert not list(tmp_path.rglob("*.jsonl"))
    assert "needs --resume" in main(["--task", "coverage", "--quick"]).notes[0]


def test_intervals_need_two_figures() -> None:
    assert interval([2.0, 4.0])[:2] == (3.0, pytest.approx(12.706, rel=1e-3))
    assert np.isnan(interval([2.0])[1])
    assert np.isnan(interval([])[0])


def test_a_pairwise_function_is_learned_from_half_of_the_strings() -> None:
    texts = [a + b + c for a in "ACG" for b in "ACG" for c in "ACG"]
    values = torch.tensor(
        [2.0 * (text[0] == "A") + 1.5 * (text[1] == "C") * (text[2] == "G") for text in texts],
        dtype=torch.float64,
    )
    assert pair_features(texts).shape == (27, 1 + 9 + 27)
    error = ridge(texts, values, torch.arange(0, 27, 2), 0) - values
    assert float(error.abs().mean()) < 0.5 * float((values - values.mean()).abs().mean())


def test_distances_are_of_pairs() -> None:
    assert mean_distance(["AA", "AC", "CC"]) == pytest.approx((1 + 2 + 1) / 3)
    assert mean_distance(["AA"]) == 0.0


def test_a_task_runs_alone_and_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--task", "ehrlich-15", "--quick", "--methods", "genetic_on_proxies,genetic"]
    folder = ["--resume", str(tmp_path), "--minutes", "5"]
    main([*arguments, *folder, "--json", str(tmp_path / "out.json")])
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert written["command"] == f"python -m benchmarks.policy {' '.join(arguments)}"
    shown = {row["method"]: row for row in written["rows"] if row.get("campaign") == "Ehrlich 15"}
    assert set(shown) == {"genetic_on_proxies", "genetic"}
    assert (tmp_path / "quick" / "ehrlich" / "length_15" / "genetic_on_proxies-000.jsonl").exists()
    assert "quick" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--task", "nothing"], "there is no nothing"),
        (["--minutes", "3"], "needs --resume"),
        (["--first", "999", "--seeds", "2"], "seeds lie between"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    arguments: list[str], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert wrong in capsys.readouterr().err


@pytest.mark.parametrize("task", ["gb1-generative", "tfbind8", "offline", "seh"])
def test_a_task_without_its_table_says_so(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.tables.catalogue.DATA", tmp_path)
    report = main(["--task", task, "--quick"])
    assert not report.rows
    assert any("--fetch" in note for note in report.notes)
