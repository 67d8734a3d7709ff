"""The wells of a candidate are drawn whatever they came to, and the picture says it in words."""

from uuid import UUID

import pytest
from plate_readings import long, simulated

from service.figures.curves import draw_curve
from service.plates.analysis import WellsFile, analyse
from service.plates.layouts import lay_out
from service.plates.records import Analysis
from service.plates.specs import LayoutSpec

IDS = [UUID(int=place + 1) for place in range(4)]
TRUTH = dict(zip(map(str, IDS), (0.1, None, 1e-6, 0.1), strict=True))


def analysed(readout: str = "ic50", points: int = 10) -> Analysis:
    doses = {"top": 10, "points": points}
    spec = LayoutSpec.model_validate({"name": "P", "type": "IC50", "readout": readout, "doses": doses})
    layout = lay_out(spec, IDS, seed=1)
    failed = {well.well: "empty" for well in layout.wells if well.candidate_id == IDS[3]}
    text = long(simulated(layout.model_dump(mode="json"), TRUTH, noise=3.0))
    return analyse(WellsFile(text.encode(), "text/csv"), spec, layout, failed)


def svg(analysis: Analysis, candidate_id: UUID) -> str:
    return draw_curve(analysis, candidate_id, ("P: CCO", "uM"), "svg").decode()


@pytest.mark.parametrize(
    ("candidate_id", "words"),
    [
        (IDS[0], ["IC50 0.", "95 % interval", "Hill"]),
        (IDS[1], ["IC50 > 10 uM", "no trend"]),
        (IDS[2], ["IC50 < 0.000508 uM"]),
        (IDS[3], ["no value", "wells that do not count"]),
    ],
)
def test_every_verdict_is_drawn_and_said(candidate_id: UUID, words: list[str]) -> None:
    picture = svg(analysed(), candidate_id)
    for word in words:
        assert f"<!-- {word}" in picture or word in picture.replace("&gt;", ">").replace("&lt;", "<"), word


def test_a_percentage_is_drawn_without_a_curve() -> None:
    picture = svg(analysed("percent_inhibition", points=1), IDS[0])
    assert "IC50" not in picture
    assert "inhibition (%)" in picture


@pytest.mark.parametrize("extension", ["svg", "png"])
def test_dollar_signs_in_names_are_no_mathematics(extension: str) -> None:
    title = "$P_{1}^$: PEPTIDE1{W.I.W.W}$$$$V2.0"
    picture = draw_curve(analysed(), IDS[0], (title, "uM"), extension)
    if extension == "svg":
        assert f"<!-- {title} -->" in picture.decode()
        assert "<!-- $\\mathdefault{10^{" in picture.decode()  # ticks are still powers of ten


def test_a_long_reason_is_told_to_its_end() -> None:
    analysis = analysed()
    reason = "the upper plateau is not reached within the doses: only one end of the 95 % interval is known"
    findings = [item.model_copy(update={"verdict": "failed", "reason": reason}) for item in analysis.findings]
    picture = svg(analysis.model_copy(update={"findings": findings}), IDS[0])
    lines = [line.strip() for line in picture.splitlines() if line.strip().startswith("<!--")]
    said = [line.removeprefix("<!-- ").removesuffix(" -->") for line in lines]
    assert f"no value: {reason}" in " ".join(said)
    assert max(map(len, said)) <= 70
