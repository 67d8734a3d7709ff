"""Message passing over the sites of fragment trees (arXiv:1704.01212), then the perceptron of `mlp`.

Messages go from site to site: within a node, by the kind of relation of the two sites (a continuous filter,
arXiv:1706.08566), and across a bond. No message depends on how nodes or equivalent sites are numbered. The
sums over sites and nodes stand beside the encoding at the perceptron, which alone sees the condition.

Letters: N states, M nodes, S sites of a node, K = M · S slots, E width of a site, H hidden width.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Generator, Tensor, nn

from models.gflownet.environment import Environment
from models.gflownet.layers import embedding, linear
from models.gflownet.structures import Graph
from models.gflownet.trajectories import Features, Reads
from models.gflownet.trunks.contract import Trunk, TrunkShape, check_served
from models.gflownet.trunks.mlp import Perceptron, PreparedMlp

READS: Reads = "graph"
ROUNDS = 3
SITE_WIDTH = 32


@final
class Round(nn.Module):
    """One round of messages, added to what each site has."""

    def __init__(self, n_relations: int, width: int, generator: Generator) -> None:
        super().__init__()
        self.filters = embedding(n_relations, width, generator)
        self.within = linear(width, width, generator)
        self.mixed = linear(3 * width, width, generator, gain=3**0.5)

    def forward(self, values: Tensor, graph: Graph) -> Tensor:
        """Return the values [N, M, S, E] of sites after the round."""
        n, _, _, width = values.shape
        filters = self.filters(graph.relations) * (graph.relations > 0).unsqueeze(4)  # [N, M, S, S, E]
        within = (filters * self.within(values).unsqueeze(2)).sum(dim=3)
        slots = torch.cat([values.new_zeros(n, 1, width), values.flatten(1, 2)], dim=1)  # [N, 1 + K, E]
        index = graph.across.flatten(1).unsqueeze(2).expand(-1, -1, width)
        across = slots.gather(1, index).view_as(values)
        mixed = self.mixed(torch.cat([values, within, across], dim=3)).relu_()
        return (values + mixed) * (graph.sites > 0).unsqueeze(3)  # type: ignore[no-any-return]


@final
@dataclass(frozen=True, slots=True)
class PreparedMessagePassing:
    """The trunk with its perceptron prepared under given conditions."""

    trunk: "MessagePassing"
    perceptron: PreparedMlp

    def at(self, rows: Tensor) -> "PreparedMessagePassing":
        """Return the same for the conditions of the given rows."""
        return PreparedMessagePassing(self.trunk, self.perceptron.at(rows))

    def hidden(self, features: Features) -> Tensor:
        """Return hidden vectors [n, H] of as many states."""
        return self.perceptron.of(self.trunk.inputs(features))


@final
class MessagePassing(Trunk):
    """Embedded sites, `ROUNDS` rounds of messages, and a perceptron over their sums and the encoding."""

    reads: ClassVar[Reads] = READS

    def __init__(self, environment: Environment, shape: TrunkShape, generator: Generator) -> None:
        check_served(environment, self.reads)
        n_nodes, n_sites, n_relations = environment.graph_kinds or (0, 0, 0)
        self._nodes = embedding(n_nodes, SITE_WIDTH, generator)
        self._sites = embedding(n_sites, SITE_WIDTH, generator)
        self._rounds = nn.ModuleList(Round(n_relations, SITE_WIDTH, generator) for _ in range(ROUNDS))
        self._perceptron = Perceptron(environment.encoding_width + 2 * SITE_WIDTH, shape, generator)

    @property
    def layers(self) -> Mapping[str, nn.Module]:
        """Return the layers by name."""
        messages = {"nodes": self._nodes, "sites": self._sites, "rounds": self._rounds}
        return messages | self._perceptron.named_layers

    def hidden(self, features: Features, code: Tensor) -> Tensor:
        """Return hidden vectors [N, H] under encoded conditions [N, C]."""
        return self._perceptron(self.inputs(features), features, code)

    def prepare(self, code: Tensor) -> PreparedMessagePassing:
        """Return the trunk prepared for encoded conditions [B, C]."""
        return PreparedMessagePassing(self, self._perceptron.prepare(code))

    def inputs(self, features: Features) -> Tensor:
        """Return the inputs of the perceptron [U, D + 2 E] for the rows of features."""
        graph = features.structure
        if not isinstance(graph, Graph):
            raise TypeError("message passing reads graphs; featurize states for what the policy reads")
        # a batch of small trees leaves most nodes empty, and the last ones first
        graph = graph.without_empty_nodes()
        nodes = self._nodes(graph.nodes) * (graph.nodes > 0).unsqueeze(2)  # [U, M, E]
        values = self._sites(graph.sites) * (graph.sites > 0).unsqueeze(3)  # [U, M, S, E]
        for messages in self._rounds:
            values = messages(values, graph)
        return torch.cat([features.encoding, values.sum(dim=(1, 2)), nodes.sum(dim=1)], dim=1)


TRUNK = MessagePassing
