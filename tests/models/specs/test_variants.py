"""A new file with the right attribute is a variant; a helper beside it is none, whatever it is called."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.backtests.strategies import METHODS
from models.specs import variants as module
from models.specs.decisions import ACQUISITIONS, PROXIES, SELECTORS
from models.specs.sampler import LOSSES
from models.specs.variants import named_variants, texts_of_variants, variants


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "_MODELS", tmp_path)
    (tmp_path / "things").mkdir()
    return tmp_path / "things"


def test_what_there_is() -> None:
    assert ACQUISITIONS == (
        "expected_hypervolume_improvement",
        "expected_improvement",
        "thompson_sampling",
        "upper_confidence_bound",
    )
    assert SELECTORS == ("dpp", "greedy", "hypervolume")
    assert PROXIES == ("gaussian_process", "multi_task_gaussian_process", "deep_ensemble", "random_forest")
    assert len(LOSSES) == 9
    assert set(METHODS) == {"assayflow", "assayflow_generative", "random", "genetic", "greedy", "bayesian"}


def test_a_file_counts_by_what_it_defines(folder: Path) -> None:
    (folder / "first.py").write_text("def select():\n    pass\n", encoding="utf-8")
    (folder / "second.py").write_text("select: object = None\n", encoding="utf-8")
    (folder / "third.py").write_text("class select:\n    pass\n", encoding="utf-8")
    (folder / "helper.py").write_text("def shared():\n    select = 1\n    return select\n", encoding="utf-8")
    (folder / "user.py").write_text("from things.first import select\n", encoding="utf-8")
    (folder / "_private.py").write_text("select = 1\n", encoding="utf-8")
    assert variants("things", "select") == ("first", "second", "third")


def test_a_file_with_an_order_comes_before_those_without(folder: Path) -> None:
    for name, order in (("a", None), ("b", 2), ("c", 1), ("d", None)):
        text = "THING = 1\n" + ("" if order is None else f"ORDER = {order}\n")
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    assert variants("things", "THING") == ("c", "b", "a", "d")


def test_several_variants_share_a_file(folder: Path) -> None:
    (folder / "many.py").write_text('THINGS = {"one": 1, "two": 2}\n', encoding="utf-8")
    (folder / "single.py").write_text('THINGS: dict[str, int] = {"three": 3}\n', encoding="utf-8")
    assert named_variants("things", "THINGS") == {"one": "many", "two": "many", "three": "single"}


@pytest.mark.parametrize(
    "text", ["THINGS = make()", "THINGS = {name: 1}", "THINGS = {**others}", "THINGS: dict[str, int]"]
)
def test_names_must_be_written_out(folder: Path, text: str) -> None:
    (folder / "many.py").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(
        TypeError, match=r"many\.py: THINGS must be a dictionary whose keys are written as texts"
    ):
        named_variants("things", "THINGS")


def test_a_name_is_given_once(folder: Path) -> None:
    for name in ("first", "second"):
        (folder / f"{name}.py").write_text('THINGS = {"one": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"second\.py: 'one' is also in first\.py"):
        named_variants("things", "THINGS")


def test_the_names_are_known_without_torch() -> None:
    program = (
        "import sys, models.campaign.requests, models.backtests.strategies; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603 - our own program


def test_what_a_trunk_reads_is_read_from_its_file():
    found = texts_of_variants("gflownet/trunks", "READS")
    assert next(iter(found)) == "mlp"
    assert found["transformer"] == "tokens"
    with pytest.raises(TypeError, match="ORDER must be a text"):
        texts_of_variants("gflownet/trunks", "ORDER")
