"""What a campaign of molecules says of tautomers and stereoisomers."""

from __future__ import annotations

import pytest

from models.domains.molecules import PLUGIN
from models.domains.molecules.spec import MoleculesSpec


def test_new_campaigns_merge_tautomers_and_propose_isomers_and_stored_ones_keep_their_objects() -> None:
    new, stored = MoleculesSpec(), MoleculesSpec.from_stored({"kind": "molecules"})
    assert (new.tautomers, new.stereo) == ("merged", "enumerate")
    assert (stored.tautomers, stored.stereo) == ("as_drawn", "racemate")
    assert MoleculesSpec.from_stored(new.model_dump(mode="json")) == new


@pytest.mark.parametrize(("policy", "n_objects"), [("merged", 1), ("as_drawn", 2)])
def test_two_tautomers_are_one_object_or_two(policy: str, n_objects: int) -> None:
    domain = PLUGIN.open(MoleculesSpec(tautomers=policy))
    forms = ("Oc1ccccn1", "O=c1cccc[nH]1")
    assert len({domain.parse({"smiles": text}) for text in forms}) == n_objects
    assert len({domain.standard_form(text) for text in forms}) == n_objects


def test_variants_are_defined_isomers_in_standard_form_or_the_mixture() -> None:
    enumerating, keeping = (PLUGIN.open(MoleculesSpec(stereo=policy)) for policy in ("enumerate", "racemate"))
    text = enumerating.standard_form("CC(O)c1ccnc(O)c1")
    variants = enumerating.variants(text)
    assert len(variants) == 2
    assert {enumerating.remarks(item)["stereo"] for item in variants} == {"defined"}
    assert all(enumerating.parse({"smiles": item}) == item for item in variants)
    assert keeping.variants(text) == (text,)
    assert keeping.remarks(text) == {"stereo": "racemate"}
    assert enumerating.variants("CCO") == ("CCO",)
