"""The picture shows every residue, end group and caption."""

from xml.etree import ElementTree as ET

import pytest

from models.domains.peptides.domain import Peptides
from models.domains.peptides.spec import PeptidesSpec

DOMAIN = Peptides(PeptidesSpec(n_terminus="acetyl", c_terminus="amide"))


def test_labels_are_residues_ends_and_captions():
    svg = ET.fromstring(DOMAIN.draw(["KW", "H-AC-OH"], ["first <1>", "second & last"]))  # noqa: S314 - our own drawing
    labels = [element.text for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert labels == ["first <1>", "Ac", "K", "W", "NH\u2082", "second & last", "A", "C"]


def test_nothing_is_drawn_outside_the_picture():
    svg = ET.fromstring(DOMAIN.draw(["K" * 60, "W", "A", "C", "D"], ["x"] * 5))  # noqa: S314 - our own drawing
    for box in svg.iter("{http://www.w3.org/2000/svg}rect"):
        if box.get("x") is not None:
            assert float(box.attrib["x"]) + float(box.attrib["width"]) <= float(svg.attrib["width"])
            assert float(box.attrib["y"]) + float(box.attrib["height"]) <= float(svg.attrib["height"])


def test_each_peptide_needs_a_caption():
    with pytest.raises(ValueError, match="shorter"):
        DOMAIN.draw(["KW"], [])
