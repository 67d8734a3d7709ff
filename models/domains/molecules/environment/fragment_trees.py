"""Molecules as trees of fragments: point at a site, then choose what to attach; or stop.

Every molecule has exactly one tree (see `cutting`) and every transition one action: sites and leaves related
by a symmetry of the tree form one orbit, represented by the first. It knows no reward, proxy or loss.

Letters: B batch, W state width, N nodes, S sites of a fragment, K = N · S slots, V words, A = K + V + 1
forward and R = K + 2 backward actions.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from models.domains.molecules.chemistry.molecules import canonical_fixpoint, molecule
from models.domains.molecules.chemistry.normal_form import unlabelled
from models.domains.molecules.chemistry.stereo import flat, write_groups
from models.domains.molecules.environment import encoding, tree_states
from models.domains.molecules.environment.assembly import Disassembler, assemble, rows_to_tensor
from models.domains.molecules.environment.common_words import common_words
from models.domains.molecules.environment.design_tables import build_design
from models.domains.molecules.environment.designed_parts import DesignedParts
from models.domains.molecules.environment.lookup_tables import build
from models.domains.molecules.environment.names import named_sites
from models.domains.molecules.environment.site_graphs import N_SITE_STATES, graph_of
from models.domains.molecules.environment.state_cache import StateCache
from models.domains.molecules.environment.state_properties import StateProperties, compute
from models.domains.molecules.environment.tree_states import NONE, split
from models.domains.molecules.environment.validity import SizeLimits, analyse_sites, first_words
from models.gflownet.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.domains.molecules.designs.design import Design
    from models.domains.molecules.fragments.fragments import Fragment
    from models.domains.molecules.fragments.reach import Obstacles
    from models.gflownet.common_choices import CommonChoices
    from models.gflownet.structures import Graph

_N_TEXTS = 100_000


@final
class FragmentTrees(Environment):
    """Trees of at most `max_fragments` fragments and `max_heavy_atoms` atoms.

    Forward actions: K slots to point at, V words (a fragment and the orbit of its sites by which it is
    attached; the first word begins the tree), and stopping. Backward: K slots (a leaf's attachment site
    removes the leaf and points at its former slot), undoing a pointing, and undoing the stop.

    With a `design`, every tree has the kept part as its first node, which is never removed. `obstacles` names
    what keeps a molecule out of the space of free trees.

    Raises:
        ValueError: if no molecule of the vocabulary fits the limits.
    """

    format = "FragmentTrees 2"

    def __init__(
        self,
        fragments: Sequence[Fragment],
        max_fragments: int,
        max_heavy_atoms: int,
        *,
        device: str = "cpu",
        design: Design | None = None,
        obstacles: Obstacles | None = None,
    ) -> None:
        self._obstacles = obstacles
        self.device = torch.device(device)
        own = () if design is None else (design.root, *design.groups)
        self.fragments = (*fragments, *own)
        self.limits = SizeLimits(max_fragments, max_heavy_atoms)
        tables = build(self.fragments, len(fragments))
        self._first_words = first_words(tables, self.limits).to(self.device)
        if design is None and not self._first_words.any():
            raise ValueError("max_heavy_atoms: no molecule of this vocabulary is that small")
        self._design, self._parts = None, None
        self._disassembler = Disassembler(tuple(fragments) or self.fragments, max_fragments)
        if design is not None:
            designed = build_design(design, self.fragments, len(fragments), tables, self.limits)
            self._design = designed.to(self.device)
            self._parts = DesignedParts(design, self.fragments, len(fragments), self._disassembler)
        self._tables = tables.to(self.device)
        self._n_sites = self._tables.is_site.shape[1]
        self.state_width = 4 * max_fragments + 2
        self.n_slots = max_fragments * self._n_sites
        self.n_actions = self.n_slots + len(self._tables.word_fragment) + 1
        self.n_backward_actions = self.n_slots + 2
        self.encoding_width = encoding.encoding_width(len(self.fragments), self._tables.n_environments)
        self.slot_width = encoding.slot_width(self._tables.n_environments)
        self.max_steps = 2 * max_fragments
        n_words, n_relations = len(self._tables.word_fragment), int(self._tables.relation.max())
        self.graph_kinds = (1 + len(self.fragments), 1 + N_SITE_STATES * n_words, 1 + n_relations)
        self._stop = self.ending_action = self.n_actions - 1
        self._unpoint, self._unstop = self.n_slots, self.n_slots + 1
        self._facts = StateCache(self._compute, self.reset(1))
        self._texts: OrderedDict[int, str] = OrderedDict()

    def vocabulary(self) -> list[str]:
        """Return every fragment by its core, its sites and the configuration of its centres."""
        return [_description(fragment) for fragment in self.fragments]

    def input_names(self) -> list[str]:
        """Return the core of each counted fragment, then the places of the other features [D]."""
        cores = [name for name, _ in named_sites(self.fragments)]
        others = self.encoding_width - len(cores)
        return [*cores, *(f"feature {place} of {others}" for place in range(others))]

    def action_names(self) -> list[str]:
        """Return the core and the attached atom of each word, and stopping."""
        sites = named_sites(self.fragments)
        words = zip(self._tables.word_fragment.tolist(), self._tables.word_site.tolist(), strict=True)
        return [*(sites[fragment][1][site] for fragment, site in words), "stop"]

    def reset(self, n: int) -> Tensor:
        """Return n empty trees [n, W], or with the part that a design keeps."""
        states = torch.full((n, self.state_width), NONE, device=self.device)
        states[:, -1] = 0
        if self._design is not None:
            states[:, 0] = self._design.root
        return states

    def forward_mask(self, states: Tensor) -> Tensor:
        """Return allowed forward actions [B, A]: one open site per orbit, the words that fit, stopping."""
        return self._facts.get(states, "forward_mask")

    def backward_mask(self, states: Tensor) -> Tensor:
        """Return allowed backward actions [B, R]: one leaf per orbit, or the last step."""
        return self._facts.get(states, "backward_mask")

    def step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return the next states [B, W]."""
        word = (actions - self.n_slots).clamp(0, self._stop - self.n_slots - 1)
        grown = tree_states.grow(
            states, self._tables.word_fragment[word], self._tables.word_site[word], self._n_sites
        )
        is_slot, is_stop = actions < self.n_slots, actions == self._stop
        following = torch.where((is_slot | is_stop)[:, None], states, grown)
        following[:, -2] = torch.where(is_slot, actions, NONE)
        following[:, -1] = is_stop.long()
        return following

    def backward_step(self, states: Tensor, actions: Tensor) -> Tensor:
        """Return the parents [B, W]."""
        is_leaf = actions < self.n_slots
        pruned = tree_states.prune(
            states, (actions // self._n_sites).clamp(max=self.limits.fragments - 1), self._n_sites
        )
        parents = torch.where(is_leaf[:, None], pruned, states)
        parents[:, -2] = torch.where(is_leaf, pruned[:, -2], NONE)
        parents[:, -1] = 0
        return parents

    def step_with_reverse(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Take forward actions [B] and return the next states and the backward actions that lead back."""
        following = self.step(states, actions)
        newest = self._facts.get(following, "last_added_slot")
        pointed = torch.where(actions < self.n_slots, self._unpoint, newest)
        return following, torch.where(actions == self._stop, self._unstop, pointed)

    def backward_step_with_forward(self, states: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Take backward actions [B] and return the parents and the forward actions that lead back here."""
        parents = self.backward_step(states, actions)
        columns = split(states)
        node = (actions // self._n_sites).clamp(max=self.limits.fragments - 1)[:, None]
        fragment = columns.fragment.gather(1, node).squeeze(1).clamp(min=0)
        site = tree_states.attachment_sites(columns).gather(1, node).squeeze(1)
        word = torch.where(
            site < 0,
            self._tables.first_word[fragment],
            self._tables.word_of_site[fragment, site.clamp(min=0)],
        )
        view = self._facts.get(parents, "open_view")
        slot = (view == view.gather(1, columns.pointed.clamp(min=0)[:, None])).long().argmax(dim=1)
        pointed = torch.where(actions == self._unpoint, slot, word + self.n_slots)
        return parents, torch.where(actions == self._unstop, self._stop, pointed)

    def encode(self, states: Tensor) -> Tensor:
        """Return invariant features of the tree and of the pointed site [B, D]."""
        return encoding.finish(self._facts.get(states, "encoding"), self._tables)

    def encode_slots(self, states: Tensor) -> Tensor:
        """Return invariant features of every open site and of every leaf's attachment [B, K, S]."""
        return self._facts.get(states, "slots")

    def graph(self, states: Tensor) -> Graph:
        """Return fragments, and sites by the word that attaches them there and what they hold."""
        return graph_of(split(states), self._tables)

    def is_final(self, states: Tensor) -> Tensor:
        """Return which trees are finished [B]."""
        return states[:, -1] == 1

    def key(self, states: Tensor) -> Tensor:
        """Return a 64-bit key [B], invariant to node numbering and site symmetry."""
        return self._facts.get(states, "name")

    def size(self, final_states: Tensor) -> Tensor:
        """Return the number of fragments [B]."""
        return tree_states.count_nodes(split(final_states))

    def open_size(self, states: Tensor) -> Tensor:
        """Return the number of fragments so far [B]."""
        return tree_states.count_nodes(split(states))

    def contexts(self, states: Tensor) -> Tensor:
        """Return the class of the pointed site, then its fragment and orbit [B, 2]; 0 without one."""
        columns = split(states)
        slot = columns.pointed.clamp(min=0)
        node = (slot // self._n_sites)[:, None]
        fragment = columns.fragment.gather(1, node).squeeze(1).clamp(min=0)
        site = slot % self._n_sites
        kinds = [self._tables.site_class[fragment, site], self._tables.word_of_site[fragment, site]]
        return (torch.stack(kinds, dim=1) + 1) * (columns.pointed != NONE)[:, None]

    def objects(self, states: Tensor) -> list[str]:
        """Return the canonical SMILES of finished trees, empty for invalid ones, with a cache.

        Of several trees that a design has for one molecule, all but one are invalid.
        """
        keys = self.key(states).tolist()
        new = {key: row for key, row in zip(keys, states.tolist(), strict=True) if key not in self._texts}
        if self._parts is None:
            self._texts.update({key: assemble(row, self.fragments) for key, row in new.items()})
        else:
            self._texts.update(self._parts.texts(new, self))
        texts = [self._texts[key] for key in keys]
        while len(self._texts) > _N_TEXTS:
            self._texts.popitem(last=False)
        return texts

    def states(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return finished trees [N, W] and which molecules have one; stereochemistry has no tree.

        Of several trees that a design has for one molecule, the one with the least key stands for it.
        """
        if self._parts is not None:
            states, result = rows_to_tensor(self._parts.rows(texts, self), self.state_width)
            return states.to(self.device), result.to(self.device)
        rows = [self._disassembler.row(text) for text in texts]
        states, result = rows_to_tensor(rows, self.state_width)
        states, result = states.to(self.device), result.to(self.device)
        sites_state = analyse_sites(split(states), self._tables, self.limits)
        result &= sites_state.is_stable & (sites_state.required == 0)
        result &= (sites_state.heavy_atoms <= self.limits.heavy_atoms) & (states[:, 0] != NONE)
        same = [
            is_found and assemble(row, self.fragments) == text
            for is_found, row, text in zip(result.tolist(), states.tolist(), texts, strict=True)
        ]
        return states, torch.tensor(same, dtype=torch.bool, device=self.device)

    def obstacle(self, text: str) -> str | None:
        """Return why a molecule has no tree, where the campaign's limits are known."""
        if self._parts is not None:
            return "no molecule of the design: another part, position or substituent"
        return None if self._obstacles is None else self._obstacles.of(text)

    def common_choices(self) -> CommonChoices | None:
        """Return how often chemists attach each fragment at each kind of site."""
        return common_words(self.fragments, self._tables, self.limits.fragments)

    def simplified(self, text: str) -> tuple[str, str] | None:
        """Return a molecule without its isotopes and configuration, if it has any."""
        mol = molecule(text)
        plain = unlabelled(mol)
        simple = flat(plain)
        lost = {"isotopes": plain is not mol, "configuration": write_groups(simple) != write_groups(plain)}
        names = [name for name, is_lost in lost.items() if is_lost]
        return (canonical_fixpoint(write_groups(simple)), " and ".join(names)) if names else None

    def _compute(self, states: Tensor) -> StateProperties:
        return compute(states, self._tables, self.limits, self._first_words, self._design)


def _description(fragment: Fragment) -> str:
    """Return what tells a fragment apart from all others, of any rules."""
    flat = f"{fragment.core} {fragment.atoms} {fragment.environments}"
    if fragment.rules == "brics":
        return flat
    return f"{flat} {fragment.rules} {[tuple(centre) for centre in fragment.centres]}"
