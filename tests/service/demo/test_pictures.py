"""The pictures can be opened."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from models.domains import installed, open_domain
from service.demo.pictures import Comparison, draw_batch, plot_predictions

INTERVAL = {"mean": 1.0, "low": 0.5, "high": 1.5}


@pytest.mark.parametrize("kind", ["materials", "molecules", "peptides"])
def test_a_batch_is_drawn_as_one_svg_with_captions(kind: str, tmp_path: Path):
    plugin = installed()[kind]
    spec, objects = plugin.examples[0]
    domain = open_domain(plugin.spec.model_validate(spec))
    candidates = [
        {"object": domain.parse(item), "rank": i, "predictions": {"y": {"mean": 1.5, "sd": 0.5}}}
        for i, item in enumerate(objects, 1)
    ]
    path = draw_batch(candidates, domain, "y", tmp_path / "batch.svg")
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - our own drawing
    assert root.tag.endswith("svg")


def test_predictions_are_plotted_as_png_and_svg(tmp_path: Path):
    comparisons = [Comparison(1, [INTERVAL, INTERVAL], [0.9, 1.2]), Comparison(2, [INTERVAL], [1.4])]
    png, svg = plot_predictions(comparisons, "activity", tmp_path / "plot")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "SIMULATED" in svg.read_text(encoding="utf-8") or "<path" in svg.read_text(encoding="utf-8")


def test_a_round_in_which_everything_failed_is_plotted_too(tmp_path: Path):
    assert all(
        path.exists() for path in plot_predictions([Comparison(1, [], [])], "activity", tmp_path / "plot")
    )
