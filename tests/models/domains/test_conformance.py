"""Conformance of every installed domain to the contract. Domains are discovered, not listed."""

import os
import subprocess
import sys
from typing import Literal, get_args, get_origin
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch
from domain_examples import Example
from pydantic import ValidationError

from models.campaign.spec import CampaignSpec
from models.domains import installed
from models.domains.contract import HAZARD, MOST_PARTS, InvalidObjectError, Plugin
from models.specs.sampler import TRUNKS

NONSENSE = ("?!", "nan", "\u2603", "((", "-1e999")


def test_a_plugin_describes_itself(plugin: Plugin):
    assert plugin.summary
    kind = plugin.spec.model_fields["kind"].annotation
    assert get_origin(kind) is Literal
    assert get_args(kind) == (plugin.kind,)
    assert len(plugin.examples) >= 1


def test_spec_survives_json(example: Example):
    spec = example.plugin.spec.model_validate(example.spec)
    assert spec.kind == example.plugin.kind
    assert example.plugin.spec.model_validate_json(spec.model_dump_json()) == spec


def test_spec_survives_inside_a_campaign(example: Example):
    body = {"name": "example", "domain": dict(example.spec), "objectives": [{"name": "y"}]}
    campaign = CampaignSpec.model_validate(body)
    assert campaign.domain == example.plugin.spec.model_validate(example.spec)
    assert CampaignSpec.model_validate_json(campaign.model_dump_json()) == campaign


def test_spec_names_an_unknown_field(example: Example):
    with pytest.raises(ValidationError, match="no_such_field"):
        example.plugin.spec.model_validate({**example.spec, "no_such_field": 1})


def test_examples_are_distinct_objects_and_at_least_one_may_be_proposed(example: Example):
    assert len(set(example.texts)) == len(example.texts)
    violations = [example.domain.check(text) for text in example.texts]
    assert [] in violations
    assert all(item.code and item.code != HAZARD and item.message for broken in violations for item in broken)


def test_columns_parse_back(example: Example):
    for text in example.texts:
        columns = {name: str(value) for name, value in example.domain.columns(text).items()}
        assert set(columns) & set(example.domain.object_columns)
        assert example.domain.parse(columns) == text


def test_one_object_column_is_enough_unless_all_are_needed(example: Example):
    if example.domain.needs_all_columns:
        assert len(example.domain.object_columns) > 0
        return
    for text in example.texts:
        columns = example.domain.columns(text)
        for name in set(columns) & set(example.domain.object_columns):
            assert example.domain.parse({name: str(columns[name])}) == text


def test_parse_says_the_same_to_another_instance(example: Example):
    other = example.plugin.open(example.plugin.spec.model_validate(example.spec))
    assert [other.parse(row) for row in example.rows] == example.texts


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_is_refused_by_column(example: Example, nonsense: str):
    domain = example.domain
    for name in domain.object_columns:
        with pytest.raises(InvalidObjectError) as refused:
            domain.parse({name: nonsense})
        assert refused.value.column in domain.object_columns
        assert refused.value.detail


def test_no_columns_are_refused_by_column(example: Example):
    with pytest.raises(InvalidObjectError) as refused:
        example.domain.parse({})
    assert refused.value.column in example.domain.object_columns


def test_properties_are_finite(example: Example):
    names = list(example.domain.computed)
    values = example.domain.properties(example.texts, names)
    assert list(values) == names
    for name in names:
        assert values[name].shape == (len(example.texts),)
        assert values[name].dtype == np.float64
        assert np.isfinite(values[name]).all(), name
        assert example.domain.properties([], [name])[name].shape == (0,)


def test_each_property_is_known_to_a_campaign(example: Example):
    for name in example.domain.computed:
        body = {"name": "x", "domain": dict(example.spec), "objectives": [{"name": "y", "computed": name}]}
        assert CampaignSpec.model_validate(body).objectives[0].computed == name


def test_groups_are_of_single_objects(example: Example):
    assert not {"cluster", *example.domain.object_columns} & set(example.domain.groupings)
    for name, description in example.domain.groupings.items():
        assert description
        groups = example.domain.group(example.texts, name)
        assert all(isinstance(group, str) for group in groups)
        assert [example.domain.group([text], name)[0] for text in example.texts] == groups
        assert example.domain.group([], name) == []
    with pytest.raises(KeyError):
        example.domain.group(example.texts, "no such grouping")


def test_features_are_finite_of_one_width_and_repeatable(example: Example):
    features = example.domain.features(example.texts)
    assert features.ndim == 2
    assert len(features) == len(example.texts)
    assert features.dtype == np.float64
    assert np.isfinite(features).all()
    assert example.domain.features([]).shape == (0, features.shape[1])
    for text, row in zip(example.texts, features, strict=True):  # independent of the batch, to the bit
        np.testing.assert_array_equal(example.domain.features([text])[0], row)


def test_different_objects_have_different_features(example: Example):
    features = example.domain.features(example.texts)
    assert len(np.unique(features, axis=0)) == len(example.texts)


def test_parts_own_columns_that_distinguish_the_objects(example: Example):
    features = example.domain.features(example.texts)
    parts = example.domain.parts(example.texts)
    assert 0 < len(parts) <= MOST_PARTS
    assert len({part.name for part in parts}) == len(parts)
    assert all(part.name and part.name == part.name.strip() for part in parts)
    owned = [column for part in parts for column in part.columns]
    assert len(set(owned)) == len(owned)
    assert set(owned) <= set(range(features.shape[1]))
    for part in parts:
        assert len(np.unique(features[:, part.columns], axis=0)) > 1, part.name
    assert example.domain.parts(example.texts) == parts
    assert example.domain.parts([]) == example.domain.parts(example.texts[:1]) == ()


def test_similarity_is_one_only_for_the_same(example: Example):
    texts = example.texts
    similarity = example.domain.similarity(texts, texts)
    assert similarity.shape == (len(texts), len(texts))
    assert (similarity >= 0).all()
    assert (similarity <= 1).all()
    np.testing.assert_allclose(similarity, similarity.T, atol=1e-12)
    np.testing.assert_array_equal(similarity == 1, np.eye(len(texts), dtype=bool))
    np.testing.assert_array_equal(example.domain.similarity(texts[:1], texts), similarity[:1])
    assert example.domain.similarity(texts, []).shape == (len(texts), 0)


def test_whether_every_prefix_may_stop_is_what_the_environment_says(example: Example):
    environment = example.domain.environment(example.texts)
    assert example.domain.every_prefix_may_stop == (environment.stop_action is not None)


def test_the_structure_of_states_is_what_the_environment_offers(example: Example):
    environment = example.domain.environment(example.texts)
    assert (example.domain.structure == "tokens") == (environment.n_tokens > 0)
    assert (example.domain.structure == "graph") == (environment.graph_kinds is not None)


def test_every_trunk_is_served_or_refused_at_its_field(example: Example):
    offered = {"encoding", example.domain.structure}
    for trunk, reads in TRUNKS.items():
        body = {
            "name": "example",
            "domain": dict(example.spec),
            "objectives": [{"name": "y"}],
            "sampler": {"trunk": trunk},
        }
        if reads in offered:
            assert CampaignSpec.model_validate(body).sampler.trunk == trunk
            continue
        with pytest.raises(ValidationError, match=f"{trunk} reads the {reads}") as caught:
            CampaignSpec.model_validate(body)
        assert [error["ctx"]["pointer"] for error in caught.value.errors()] == ["/sampler/trunk"]
        assert CampaignSpec.from_stored(body).sampler.trunk == trunk


def test_kernel_is_positive_definite_over_the_features(example: Example):
    rows = torch.tensor(example.domain.features(example.texts))
    kernel = example.domain.kernel().double()
    covariance = kernel(rows).to_dense()
    assert covariance.shape == (len(rows), len(rows))
    assert torch.linalg.eigvalsh(covariance).min() > -1e-9
    assert example.domain.kernel() is not kernel


def test_objects_are_shown_and_drawn(example: Example):
    assert all(example.domain.display(text) for text in example.texts)
    captions = [f"{number} <b> & \u03b2 = 4" for number in range(len(example.texts))]
    root = ET.fromstring(example.domain.draw(example.texts, captions))  # noqa: S314 - our own drawing
    assert root.tag.rpartition("}")[2] == "svg"


def test_formats_write_bytes(example: Example):
    rows = [
        {"object": text, "rank": rank, "id": f"candidate {rank}", **example.domain.columns(text)}
        for rank, text in enumerate(example.texts, start=1)
    ]
    assert not {"json", "csv"} & set(example.domain.formats)
    for form in example.domain.formats.values():
        assert form.media_type.count("/") == 1
        one, many = form.write(rows[:1]), form.write(rows)
        assert len(many) > len(one) > 0


TORCH_FREE = """
import sys
from models.domains import installed
for plugin in installed().values():
    for spec, rows in plugin.examples:
        domain = plugin.open(plugin.spec.model_validate(spec))
        texts = [domain.parse(row) for row in rows]
        table = [{"object": text, "rank": 1, **domain.columns(text)} for text in texts]
        domain.features(texts), domain.parts(texts)
        domain.similarity(texts, texts), domain.draw(texts, texts)
        domain.properties(texts, list(domain.computed)), [(domain.check(t), domain.display(t)) for t in texts]
        [domain.group(texts, name) for name in domain.groupings]
        [form.write(table) for form in domain.formats.values()]
print(*installed(), "torch" in sys.modules)
"""


def test_settings_are_numbers_of_the_object_and_no_format_is_both_there_and_missing(example: Example):
    domain = example.domain
    assert set(domain.settings) <= set(domain.object_columns)
    for text, name in ((text, name) for text in example.texts for name in domain.settings):
        value = domain.columns(text)[name]
        assert isinstance(value, int | float)
        assert domain.settings[name].is_near(value, value)
    assert not set(domain.missing_formats) & {*domain.formats, "json", "csv", "xlsx"}


def test_the_half_that_serves_loads_no_torch():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", TORCH_FREE], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [*installed(), "False"]
