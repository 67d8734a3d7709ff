"""The environment against brute force: RDKit decides which trees are the same, not our hashes."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from models.domains.molecules import PLUGIN
from models.domains.molecules.environment.assembly import assemble, rows_to_tensor
from models.domains.molecules.environment.fragment_trees import FragmentTrees
from models.domains.molecules.environment.tree_states import split
from models.domains.molecules.environment.validity import analyse_sites
from models.domains.molecules.fragments.fragmentation import cut
from models.domains.molecules.fragments.reach import NO_RING, REFUSED, TOO_LARGE
from models.domains.molecules.fragments.rules import BRICS, RULES, UNITS, Rules
from models.domains.molecules.fragments.vocabulary import compile_fragments
from models.domains.molecules.spec import MoleculesSpec

Walk = Callable[..., torch.Tensor]

SYMMETRIC = ("[*]c1ccccc1", "[*]N1CCN([*])CC1", "[*]C([*])=O", "[*]OC")
DIRECTIONAL = ("[*]NC([*])=O", "[*]CC[*]", "[*]c1ccc([*])cc1", "[*]c1ccccn1")
LINKERS = ("[*]N([*])[*]", "[*]O[*]", "[*]C([*])[*]", "[*]OC", "[*]CO", "[*]CC", "[*]C1CC1")
AZOLES = ("[*]c1c[nH]cn1", "[*]n1ccnc1", "[*]C[*]", "[*]S([*])(=O)=O", "[*]c1ccncc1", "[*]C1CCNC1")
SINGLE_ATOMS = ("[*]C([*])([*])[*]", "[*]N([*])[*]", "[*]O[*]", "[*]C#N", "[*]C([*])=O", "[*]NC([*])=O")
RINGS = ("[*]c1cc([*])cc([*])c1", "[*]C1CCC1[*]", "F", "OC", "[*]C(F)(F)F", "[*]N1CCNCC1")
CENTRES = ("[1*][C@H]([2*])[3*]", "[*]C([*])[*]", "[*]O[*]", "[*]C#N", "[*][C@@H]1CCNC1", "[*][C@H]1CCNC1")
RING_CENTRES = (
    "[*][C@H]1CC[C@H]([*])CC1",
    "[*][C@H]1CC[C@@H]([*])CC1",
    "[*]C1CCC([*])CC1",
    "C",
    "O",
    "[*]C#C[*]",
)
CASES = [
    pytest.param(SYMMETRIC, 3, 20, BRICS, id="symmetric"),
    pytest.param(DIRECTIONAL, 3, 14, BRICS, id="directional"),
    pytest.param(LINKERS, 4, 8, BRICS, id="linkers"),
    pytest.param(AZOLES, 3, 14, BRICS, id="azoles"),
    pytest.param(("[*]CC[*]", "[*]N([*])[*]", "[*]O[*]"), 6, 11, BRICS, id="long chains"),
    pytest.param(SINGLE_ATOMS, 4, 6, UNITS, id="single atoms"),
    pytest.param(RINGS, 3, 12, UNITS, id="rings"),
    pytest.param(CENTRES, 4, 8, UNITS, id="centres"),
    pytest.param(RING_CENTRES, 4, 12, UNITS, id="centres in rings"),
]


def witness(env: FragmentTrees, row: list[int]) -> str:
    """A tree as canonical SMILES of a marked graph, equal exactly for isomorphic trees."""
    n = env.limits.fragments
    graph = Chem.RWMol()
    first = {}
    for node in range(n):
        if row[node] >= 0:
            first[node] = graph.GetNumAtoms()
            core = Chem.Mol(Chem.MolFromSmiles(env.fragments[row[node]].core))
            for atom in core.GetAtoms():
                atom.SetIsotope(row[node] + 1)
                atom.SetNumExplicitHs(atom.GetTotalNumHs())
                atom.SetNoImplicit(True)
            graph.InsertMol(core)
    rings = {node: turning_sites(graph, env, row[node], start) for node, start in first.items()}

    def atom_at(node: int, site: int) -> int:
        return rings[node].get(site, first[node] + env.fragments[row[node]].atoms[site])

    for node in first:
        if row[n + node] >= 0:
            bridge = graph.AddAtom(Chem.Atom(0))
            graph.AddBond(bridge, atom_at(node, row[3 * n + node]), Chem.BondType.ZERO)
            graph.AddBond(bridge, atom_at(row[n + node], row[2 * n + node]), Chem.BondType.ZERO)
    if row[-2] >= 0:
        size = len(env._tables.is_site[0])
        graph.AddBond(graph.AddAtom(marked(99)), atom_at(row[-2] // size, row[-2] % size), Chem.BondType.ZERO)
    return f"{Chem.MolToSmiles(graph)}|{row[-1]}"


def turning_sites(graph: Chem.RWMol, env: FragmentTrees, index: int, start: int) -> dict[int, int]:
    """Anchors of three sites of one centre, which may be turned but not exchanged: a directed ring."""
    fragment = env.fragments[index]
    turning = [centre.atom for centre in fragment.centres if centre.n_sites == 3]
    sites = [site for site, atom in enumerate(fragment.atoms) if atom in turning]
    anchors = {site: graph.AddAtom(Chem.Atom(0)) for site in sites}
    for site, following in zip(sites, sites[1:] + sites[:1], strict=True):
        ends = [
            anchors[site],
            *(graph.AddAtom(marked(isotope)) for isotope in (201, 202)),
            anchors[following],
        ]
        graph.AddBond(start + fragment.atoms[site], anchors[site], Chem.BondType.ZERO)
        for left, right in itertools.pairwise(ends):
            graph.AddBond(left, right, Chem.BondType.ZERO)
    return anchors


def marked(isotope: int) -> Chem.Atom:
    atom = Chem.Atom(0)
    atom.SetIsotope(isotope)
    return atom


def expand(env: FragmentTrees) -> tuple[dict[str, torch.Tensor], dict[str, set[str]]]:
    """Every state by witness, and its children, taking every site that fits instead of one per orbit."""
    states = {witness(env, row.tolist()): row for row in env.reset(1)}
    children: dict[str, set[str]] = defaultdict(set)
    frontier = list(states)
    while frontier:
        batch = torch.stack([states[name] for name in frontier])
        allowed = env.forward_mask(batch)
        growing = (batch[:, -1] == 0) & (batch[:, -2] < 0) & (batch[:, 0] >= 0)
        pointable = (
            analyse_sites(split(batch), env._tables, env.limits).is_pointable.flatten(1) & growing[:, None]
        )
        allowed[:, : env.n_slots] |= pointable
        source, action = allowed.nonzero().unbind(1)
        following = env.step(batch[source], action)
        new = []
        for origin, row in zip(source.tolist(), following, strict=True):
            name = witness(env, row.tolist())
            children[frontier[origin]].add(name)
            if name not in states:
                states[name] = row
                new.append(name)
        frontier = new
    return states, children


@pytest.mark.parametrize(("vocabulary", "n", "atoms", "rules"), CASES)
def test_actions_and_transitions_are_in_bijection(
    vocabulary: Sequence[str], n: int, atoms: int, rules: Rules
):
    env = FragmentTrees(compile_fragments(vocabulary, rules), n, atoms)
    states, children = expand(env)
    names = list(states)
    batch = torch.stack([states[name] for name in names])
    parents = defaultdict(set)
    for origin, targets in children.items():
        for target in targets:
            parents[target].add(origin)

    assert len(names) > 40
    assert len(set(env.key(batch).tolist())) == len(names), "states and keys are in bijection"
    forward, backward = env.forward_mask(batch), env.backward_mask(batch)
    for index, name in enumerate(names):
        ahead = env.step(
            batch[index].expand(int(forward[index].sum()), -1), forward[index].nonzero().flatten()
        )
        assert sorted(witness(env, row) for row in ahead.tolist()) == sorted(children[name])
        behind = env.backward_step(
            batch[index].expand(int(backward[index].sum()), -1), backward[index].nonzero().flatten()
        )
        assert sorted(witness(env, row) for row in behind.tolist()) == sorted(parents[name])


@pytest.mark.parametrize(("vocabulary", "n", "atoms", "rules"), CASES)
def test_undo_and_redo_name_the_allowed_way_back(vocabulary: Sequence[str], n: int, atoms: int, rules: Rules):
    env = FragmentTrees(compile_fragments(vocabulary, rules), n, atoms)
    states, _ = expand(env)
    batch = torch.stack(list(states.values()))
    source, action = env.forward_mask(batch).nonzero().unbind(1)
    following, back = env.step_with_reverse(batch[source], action)
    assert env.backward_mask(following).gather(1, back[:, None]).all()
    assert torch.equal(env.key(env.backward_step(following, back)), env.key(batch[source]))

    source, action = env.backward_mask(batch).nonzero().unbind(1)
    before, forth = env.backward_step_with_forward(batch[source], action)
    assert env.forward_mask(before).gather(1, forth[:, None]).all()
    assert torch.equal(env.key(env.step(before, forth)), env.key(batch[source]))


@pytest.mark.parametrize(("vocabulary", "n", "atoms", "rules"), CASES)
def test_every_molecule_has_one_tree_and_every_tree_is_reached(
    vocabulary: Sequence[str], n: int, atoms: int, rules: Rules
):
    env = FragmentTrees(compile_fragments(vocabulary, rules), n, atoms)
    states, _ = expand(env)
    batch = torch.stack(list(states.values()))
    final = batch[env.is_final(batch)]
    all_texts = env.objects(final)
    assert rules.has_stereo or all(all_texts)
    texts = [text for text in all_texts if text]  # a centre with two equal branches is none
    assert len(set(texts)) == len(texts)
    again, result = env.states(texts)
    assert result.all()
    made = torch.tensor([bool(text) for text in all_texts])
    assert torch.equal(env.key(again), env.key(final[made]))
    assert set(texts) == all_molecules(env, n, atoms) - {""}


def all_molecules(env: FragmentTrees, n: int, atoms: int) -> set[str]:
    """Every molecule by joining fragments in every way and filtering by the documented rules."""
    trees = {witness(env, row): row for row in singles(env)}
    layer = list(trees.values())
    for _ in range(n - 1):
        grown = {}
        for row, (index, fragment) in itertools.product(layer, enumerate(env.fragments)):
            for slot, site in itertools.product(open_slots(env, row), range(len(fragment.atoms))):
                state = torch.tensor([row])
                state[:, -2] = slot
                word = int(env._tables.word_of_site[index, site]) + env.n_slots
                new = env.step(state, torch.tensor([word]))[0].tolist()
                if size(env, new) <= atoms and has_only_listed_bonds(env, new):
                    grown.setdefault(witness(env, new), new)
        layer = list(grown.values())
        trees |= grown
    finished = [[*row[:-1], 1] for row in trees.values() if size(env, row) <= atoms and is_complete(env, row)]
    return set(env.objects(torch.tensor(finished)))


def singles(env: FragmentTrees) -> list[list[int]]:
    words = env._tables.first_word + env.n_slots
    return env.step(env.reset(len(words)), words).tolist()


def uses(env: FragmentTrees, row: list[int]) -> dict[tuple[int, int], tuple[int, int]]:
    n = env.limits.fragments
    bonds = [((k, row[3 * n + k]), (row[n + k], row[2 * n + k])) for k in range(n) if row[n + k] >= 0]
    return dict(bonds) | {right: left for left, right in bonds}


def open_slots(env: FragmentTrees, row: list[int]) -> list[int]:
    width = len(env._tables.is_site[0])
    nodes = [node for node in range(env.limits.fragments) if row[node] >= 0]
    sites = [(node, site) for node in nodes for site in range(len(env.fragments[row[node]].atoms))]
    return [node * width + site for node, site in sites if (node, site) not in uses(env, row)]


def size(env: FragmentTrees, row: list[int]) -> int:
    return sum(env.fragments[index].heavy_atoms for index in row[: env.limits.fragments] if index >= 0)


def has_only_listed_bonds(env: FragmentTrees, row: list[int]) -> bool:
    def kind(number: tuple[int, int]) -> str:
        return env.fragments[row[number[0]]].environments[number[1]]

    hetero = defaultdict(int)
    for number, other in uses(env, row).items():
        fragment = env.fragments[row[number[0]]]
        rules = RULES[fragment.rules]
        if (kind(number), kind(other)) not in rules.pairs or (
            fragment.carbon_only[number[1]] and kind(other) in rules.hetero
        ):
            return False
        if kind(number) in {"alkyl", "ring_alkyl"} and kind(other) in rules.hetero:
            hetero[number[0], fragment.atoms[number[1]]] += 1
    return max(hetero.values(), default=0) <= 1


def is_complete(env: FragmentTrees, row: list[int]) -> bool:
    used = uses(env, row)
    for node, index in enumerate(row[: env.limits.fragments]):
        fragment = env.fragments[max(index, 0)]
        counted = sum((node, site) in used for site, counts in enumerate(fragment.countable) if counts)
        if index >= 0 and counted < fragment.required:
            return False
    return True


@pytest.mark.parametrize(("vocabulary", "n", "atoms", "rules"), CASES[:3])
def test_encodings_do_not_see_how_a_tree_is_numbered(
    vocabulary: Sequence[str], n: int, atoms: int, rules: Rules
):
    env = FragmentTrees(compile_fragments(vocabulary, rules), n, atoms)
    states, _ = expand(env)
    batch = torch.stack(list(states.values()))
    source, action = env.backward_mask(batch).nonzero().unbind(1)
    before, forth = env.backward_step_with_forward(batch[source], action)
    renumbered = env.step(before, forth)
    assert not torch.equal(renumbered, batch[source])
    assert torch.allclose(env.encode(renumbered), env.encode(batch[source]), atol=1e-6)
    for mask in (env.forward_mask, env.backward_mask):
        left, right = slot_sets(env, renumbered, mask), slot_sets(env, batch[source], mask)
        assert torch.allclose(left, right, atol=1e-5)
    assert env.encode(batch).shape == (len(batch), env.encoding_width)
    assert len(torch.unique(env.encode(batch), dim=0)) == len(batch), "the encoding distinguishes small trees"


def slot_sets(
    env: FragmentTrees, states: torch.Tensor, mask: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Random features of the set of allowed slots."""
    weight = torch.randn(env.slot_width, 16, generator=torch.Generator().manual_seed(1))
    features = (env.encode_slots(states) @ weight).cos()
    return (features * mask(states)[:, : env.n_slots, None]).sum(dim=1)


def test_limits_hold_and_nothing_gets_stuck(walk: Walk, default_env: FragmentTrees):
    final = walk(default_env, 200, seed=3)
    texts = [text for text in default_env.objects(final) if text]
    assert (
        max(Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in texts) <= default_env.limits.heavy_atoms
    )
    assert max(len(cut(text, "units").cores) for text in texts) <= default_env.limits.fragments


def test_default_vocabulary_has_no_aliases(walk: Walk, default_env: FragmentTrees):
    final = walk(default_env, 400, seed=11)
    texts = default_env.objects(final)
    made = torch.tensor([bool(text) for text in texts])
    assert made.float().mean() > 0.9
    final, texts = final[made], [text for text in texts if text]
    states, result = default_env.states(texts)
    assert result.all()
    assert torch.equal(default_env.key(states), default_env.key(final))


def test_random_backward_rollouts_can_be_replayed_forward(walk: Walk, default_env: FragmentTrees):
    states = walk(default_env, 64, seed=5)
    generator = torch.Generator().manual_seed(6)
    while (mask := default_env.backward_mask(states)).any():
        live = mask.any(dim=1)
        states = states[live]
        actions = torch.multinomial(mask[live].double(), 1, generator=generator).squeeze(1)
        before, again = default_env.backward_step_with_forward(states, actions)
        assert default_env.forward_mask(before).gather(1, again[:, None]).all()
        following, back = default_env.step_with_reverse(before, again)
        assert torch.equal(default_env.key(following), default_env.key(states))
        assert torch.equal(
            default_env.key(default_env.backward_step(following, back)), default_env.key(before)
        )
        states = before
    assert torch.equal(states, default_env.reset(len(states)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**31 - 1))
def test_any_order_of_building_gives_one_key_and_one_object(
    walk: Walk, default_env: FragmentTrees, seed: int
):
    final = walk(default_env, 2, seed=seed)
    pairs = zip(default_env.objects(final), default_env.key(final).tolist(), strict=True)
    for text, key in ((text, key) for text, key in pairs if text):
        shuffled = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(text), 4, randomSeed=seed % 10_000 + 1)
        rows, result = rows_to_tensor(
            [default_env._disassembler.row(other) for other in shuffled], final.shape[1]
        )
        assert result.all()
        assert set(default_env.key(rows).tolist()) == {key}
        assert {assemble(row, default_env.fragments) for row in rows.tolist()} == {text}


def test_configurations_are_kept_and_unknown_groups_are_not_represented(default_env: FragmentTrees):
    texts = [
        *("C[C@H](O)c1ccccc1", "C[C@@H](O)c1ccccc1", "CC(O)c1ccccc1", "COc1ccccc1"),
        *("OB(O)c1ccccc1", "O=Cc1ccccc1", "COCN(C)C", "C/C=C/c1ccccc1"),
    ]
    states, result = default_env.states(texts)
    assert result.tolist() == [True] * 4 + [False] * 4
    assert default_env.objects(states[result]) == texts[:4]
    assert len(set(default_env.key(states[result]).tolist())) == 4
    assert default_env.is_final(states).all()


def test_measured_molecules_widen_the_vocabulary(default_env: FragmentTrees):
    domain = PLUGIN.open(MoleculesSpec.model_validate({}))
    known = ["CC1CCC2(CC1)CC2", "CCOc1ccc(Cl)c(I)c1", "Cc1ccc([N+](=O)[O-])cc1"]
    assert not default_env.states(known)[1].any()
    assert domain.environment(known).states(known)[1].tolist() == [True, False, False]  # BRENK is blocked
    everything = MoleculesSpec.model_validate({"kind": "molecules", "alerts": {"block": []}})
    wider = PLUGIN.open(everything).environment(known)
    assert wider.states(known)[1].all()
    assert wider.objects(wider.states(known)[0]) == known


def test_reasons_say_what_keeps_a_molecule_out(default_env: FragmentTrees):
    assert default_env.obstacle("C" * 41) == TOO_LARGE
    assert default_env.obstacle("O=Cc1ccccc1") == REFUSED
    assert default_env.obstacle("c1ccc2c(c1)[nH]c1ccc3ccccc3c12") == NO_RING


def test_a_vocabulary_too_large_for_the_limit_is_refused():
    with pytest.raises(ValueError, match="max_heavy_atoms"):
        FragmentTrees(compile_fragments(["[*]c1ccccc1"]), 3, 5)


@pytest.mark.parametrize(
    ("text", "simple", "lost"),
    [
        ("C[C@@H](Nc1ncnc2ccccc12)c1ccccc1", "CC(Nc1ncnc2ccccc12)c1ccccc1", "configuration"),
        ("[2H]C([2H])([2H])Oc1ccccc1", "COc1ccccc1", "isotopes"),
        ("[13CH3][C@H](O)c1ccccc1", "CC(O)c1ccccc1", "isotopes and configuration"),
        ("C[C@H]1CCCC[C@@H]1O |&1:1,6|", "CC1CCCCC1O", "configuration"),
    ],
)
def test_what_no_tree_represents_has_a_simpler_form(
    default_env: FragmentTrees, text: str, simple: str, lost: str
):
    assert default_env.simplified(text) == (simple, lost)
    assert default_env.simplified(simple) is None
