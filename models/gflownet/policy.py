"""One network for any environment: forward and backward logits, log-flow and log Z, all given the condition.

It knows no loss, no reward and no objects. Letters: N states, B conditions, D encoding width, C condition
width, H hidden width, K slots, S slot width, A forward actions, R backward actions.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from models.gflownet.conditioning import Condition, ConditionSampler
from models.gflownet.environment import Environment
from models.gflownet.layers import linear
from models.gflownet.mixed_precision import MOST_BETA, has_fast_bfloat16
from models.gflownet.prior import ActionPrior
from models.gflownet.trajectories import Features, Reads
from models.gflownet.trunks import get_trunk
from models.gflownet.trunks.contract import Precision, Prepared, TrunkShape


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """Shape of the network: `trunk` is one of `models.gflownet.trunks`, which the environment can serve.

    `has_flow` adds the log-flow head, which only some losses need.

    `precision` is that of the hidden layers while gradients are taken: "fastest" is bfloat16 for large
    batches at moderate temperatures where hardware supports it, else float32. Sampling and densities always
    use float32.
    """

    trunk: str = "mlp"
    width: int = 256
    depth: int = 2
    slot_width: int = 64
    has_logit_scale: bool = True
    has_concatenation: bool = True
    has_learned_backward: bool = False
    has_flow: bool = False
    precision: Precision = "fastest"


@final
@dataclass(frozen=True, slots=True)
class Context:
    """Condition inputs of the networks: `code` [B, C] and logit `scale` [B, 1].

    Sampling uses the `prepared` trunk, `words`, the forward vocabulary's head with weight [H, A] and bias
    [A], and the `embeddings` [E, V] of a `WordHead`.
    """

    code: Tensor
    scale: Tensor | None
    prepared: Prepared | None = None
    words: tuple[Tensor, Tensor] | None = None
    embeddings: Tensor | None = None

    def at(self, rows: Tensor) -> "Context":
        """Return the context of the given rows; of `code` and `prepared` only the one in use."""
        scale = None if self.scale is None else self.scale.index_select(0, rows)
        if self.prepared is not None:
            return Context(self.code, scale, self.prepared.at(rows), self.words, self.embeddings)
        return Context(self.code.index_select(0, rows), scale)

    def first(self, n: int) -> "Context":
        """Return the context of the first n rows, for use with gradients."""
        return Context(self.code[:n], None if self.scale is None else self.scale[:n])


def masked_log_softmax(logits: Tensor, mask: Tensor) -> Tensor:
    """Return log-probabilities of allowed actions, -inf elsewhere; rows without any get finite values."""
    closed = mask.logical_not()
    closed = closed & mask.any(dim=1, keepdim=True)
    return logits.masked_fill(closed, -torch.inf).log_softmax(dim=1)


def _beside_prior(logits: Tensor, features: Features) -> Tensor:
    """Return learned logits [N, A] added to the log-probabilities of the prior, if there is one."""
    if features.log_prior is None:
        return logits
    return logits + features.spread(features.log_prior[:, : logits.shape[1]])


@final
class SlotHead(nn.Module):
    """A logit per slot from the hidden vector and the slot's own features, invariant to slot numbering."""

    def __init__(self, hidden: int, slot: int, width: int, generator: Generator, gain: float = 0.1) -> None:
        super().__init__()
        self.of_state = linear(hidden, width, generator)
        self.of_slot = linear(slot, width, generator, gain=2.0)
        self.out = linear(width, 1, generator, gain)

    def forward(self, hidden: Tensor, features: Features) -> Tensor:
        """Return logits [N, K] for hidden vectors [N, H] and features with slots.

        Most slots of a state are unused and have features of zero, so the network reads one of those per
        state beside the used ones.
        """
        slots, of_state = features.slots, self.of_state(hidden)
        assert slots is not None
        of_slot, number = self.of_slot(slots.values), slots.number
        state, slot = features.spread(slots.is_used).nonzero().unbind(1)
        row = state if features.position is None else features.position.index_select(0, state)
        mixed = of_slot.index_select(0, number[row, slot]) + of_state.index_select(0, state)
        unused = self.out(functional.relu(of_state + self.of_slot.bias))  # [N, 1]
        used = self.out(functional.relu(mixed)).squeeze(1)
        logits: Tensor = unused.expand(-1, number.shape[1]).index_put((state, slot), used)
        return logits


@final
class WordHead(nn.Module):
    """A logit per word: the product of the projected hidden vector and the word's embedding, plus a bias.

    An embedding is linear in the word's features, plus a part of its own that starts at zero. What is learned
    of one word is thereby known of all similar ones, and a word with little in common keeps what was seen of
    it. The cost of many words is that of a narrow output layer. Letters: V words, F features, E embedding
    width.
    """

    def __init__(
        self, hidden: int, features: Tensor, width: int, generator: Generator, gain: float = 0.1
    ) -> None:
        super().__init__()
        self.query = linear(hidden, width, generator)
        self.of_features = nn.Parameter(linear(features.shape[1], width, generator, gain).weight.detach())
        self.own = nn.Parameter(torch.zeros(len(features), width))
        self.bias = nn.Parameter(torch.zeros(len(features)))
        self.register_buffer("features", features.detach().clone(), persistent=False)
        self.features: Tensor

    def embeddings(self) -> Tensor:
        """Return the embedding of each word [V, E]."""
        return functional.linear(self.features, self.of_features) + self.own

    def forward(self, hidden: Tensor, embeddings: Tensor) -> Tensor:
        """Return logits [N, V] for hidden vectors [N, H] and embeddings [E, V]."""
        return torch.addmm(self.bias, self.query(hidden), embeddings)


@final
class LogPartition(nn.Module):
    """Log Z(c) = slope * beta / beta_max + offset + a small network, which starts at zero."""

    def __init__(self, conditions: ConditionSampler, generator: Generator, width: int = 64) -> None:
        super().__init__()
        self.beta_scale = 1.0 / conditions.beta_range[1]
        self.slope = nn.Parameter(torch.zeros(()))
        self.offset = nn.Parameter(torch.zeros(()))
        self.inner = linear(conditions.width, width, generator, gain=2.0) if conditions.width else None
        self.outer = linear(width, 1, generator, gain=0.0)

    def forward(self, beta: Tensor, code: Tensor) -> Tensor:
        """Return log Z [B] for inverse temperatures [B] and encoded conditions [B, C]."""
        line = self.slope * beta * self.beta_scale + self.offset
        if self.inner is None:
            return line
        return line + self.outer(functional.silu(self.inner(code))).squeeze(1)  # type: ignore[no-any-return]

    def fit(self, beta: Tensor, code: Tensor, log_z: Tensor) -> None:
        """Fit slope and offset by least squares to estimates of log Z [B]; slope 0 for a single beta.

        What the network adds under the encoded conditions [B, C] stays.
        """
        x = (beta * self.beta_scale).double()
        line = self.slope * beta * self.beta_scale + self.offset
        y = log_z.double() - (self(beta, code) - line).double()
        spread = (x - x.mean()).square().sum()
        slope = ((x - x.mean()) * (y - y.mean())).sum() / spread if float(spread) > 0 else x.new_zeros(())
        with torch.no_grad():
            self.slope.copy_(slope)
            self.offset.copy_(y.mean() - slope * x.mean())


@final
class Policy(nn.Module):
    """Trunk over [encoding, condition] with a vocabulary head, a slot head where there are slots, and log Z.

    Logits are multiplied by a learned positive g(beta) (Logit-GFN, arXiv:2310.02823); the condition also
    enters the trunk. With a `prior` they are added to its log-probabilities and start at 0: until it is
    trained, the policy is the prior. Initial weights come from `generator`.
    """

    def __init__(
        self,
        environment: Environment,
        conditions: ConditionSampler,
        spec: PolicySpec,
        generator: Generator,
        prior: ActionPrior | None = None,
    ) -> None:
        super().__init__()
        self.prior = prior
        gain = 0.1 if prior is None else 0.0
        self.conditions = conditions
        self.spec = spec
        self.n_slots, self.n_actions = environment.n_slots, environment.n_actions
        n_vocabulary = environment.n_actions - self.n_slots
        self.trunk = get_trunk(spec.trunk)(environment, self._trunk_shape(environment), generator)
        for name, layer in self.trunk.layers.items():
            self.add_module(name, layer)
        words = environment.word_features()
        n_plain = n_vocabulary - (0 if words is None else len(words))
        self.vocabulary = linear(spec.width, n_plain, generator, gain) if n_plain else None
        self.words: WordHead | None = None
        if words is not None:
            self.words = WordHead(spec.width, words.cpu(), spec.slot_width, generator, gain)
        shape = (spec.width, environment.slot_width, spec.slot_width)
        self.slot = SlotHead(*shape, generator, gain) if self.n_slots else None
        self.scale_inner = self.scale_outer = None
        if spec.has_logit_scale and conditions.beta_width:
            self.scale_inner = linear(conditions.beta_width, 32, generator, gain=2.0)
            self.scale_outer = linear(32, 1, generator, gain=0.0)
        self.backward_vocabulary, self.backward_slot = None, None
        if spec.has_learned_backward:
            n_backward = environment.n_backward_actions - self.n_slots
            self.backward_vocabulary = (
                linear(spec.width, n_backward, generator, gain=0.1) if n_backward else None
            )
            self.backward_slot = SlotHead(*shape, generator) if self.n_slots else None
        self.flow = linear(spec.width, 1, generator, gain=0.1) if spec.has_flow else None
        self.partition = LogPartition(conditions, generator)
        self.to(environment.device)

    def _trunk_shape(self, environment: Environment) -> TrunkShape:
        spec = self.spec
        is_warm = self.conditions.beta_range[1] <= MOST_BETA
        may_round = is_warm and has_fast_bfloat16(torch.device(environment.device))
        precision = "float32" if spec.precision == "fastest" and not may_round else spec.precision
        n_code = self.conditions.width if spec.has_concatenation else 0
        return TrunkShape(spec.width, spec.depth, n_code, precision)

    @property
    def reads(self) -> Reads:
        """What `featurize` must take of states for this policy."""
        return self.trunk.reads

    def context(self, condition: Condition) -> Context:
        """Return the context of the conditions [B] for trunk and heads, for use with gradients."""
        code = self.conditions.encode(condition)
        scale = None
        if self.scale_inner is not None and self.scale_outer is not None:
            hidden = functional.silu(self.scale_inner(code[:, : self.conditions.beta_width]))
            scale = self.scale_outer(hidden).exp()
        return Context(code, scale, None)

    def sampling_context(self, condition: Condition) -> Context:
        """Return the context with the trunk prepared for many sampling steps; without gradients only."""
        context = self.context(condition)
        head = self.vocabulary
        words = None if head is None else (head.weight.t().contiguous(), head.bias)
        embeddings = None if self.words is None else self.words.embeddings().t().contiguous()
        return Context(context.code, context.scale, self.trunk.prepare(context.code), words, embeddings)

    def hidden(self, features: Features, context: Context) -> Tensor:
        """Return hidden vectors [N, H]; `context` has one row per state."""
        if context.prepared is not None:
            return context.prepared.hidden(features)
        return self.trunk.hidden(features, context.code)

    def row_groups(self, mask: Tensor) -> list[tuple[Tensor, int]]:
        """Return rows of the states [N], each with the number of first actions to look at.

        States in which the mask [N, A] opens no word with features need no logits of these words.
        """
        n_actions = mask.shape[1]
        n_plain = n_actions - (0 if self.words is None else len(self.words.bias))
        has_words = mask[:, n_plain:].any(dim=1)
        groups = [(has_words.logical_not().nonzero().view(-1), n_plain)]
        groups.append((has_words.nonzero().view(-1), n_actions))
        return [(rows, width) for rows, width in groups if rows.numel()]

    def forward_logits(
        self, hidden: Tensor, features: Features, context: Context, *, is_plain: bool = False
    ) -> Tensor:
        """Return unmasked forward logits [N, A]; with `is_plain` without those of words with features."""
        if context.words is not None and self.slot is None:
            logits = torch.addmm(context.words[1], hidden, context.words[0])
        else:
            logits = self._heads(hidden, features, self.slot, self.vocabulary)
        if self.words is not None and not is_plain:
            embeddings = self.words.embeddings().t() if context.embeddings is None else context.embeddings
            logits = torch.cat([logits, self.words(hidden, embeddings)], dim=1)
        return _beside_prior(logits if context.scale is None else logits * context.scale, features)

    def backward_logits(self, hidden: Tensor, features: Features) -> Tensor:
        """Return unmasked backward logits [N, R]; only with `has_learned_backward`."""
        return self._heads(hidden, features, self.backward_slot, self.backward_vocabulary)

    def both_logits(self, hidden: Tensor, features: Features, context: Context) -> tuple[Tensor, Tensor]:
        """Return unmasked forward [N, A] and backward logits [N, R], in one product if possible."""
        words, backward = self.vocabulary, self.backward_vocabulary
        if self.slot is not None or self.words is not None or words is None or backward is None:
            return self.forward_logits(hidden, features, context), self.backward_logits(hidden, features)
        weight, bias = torch.cat([words.weight, backward.weight]), torch.cat([words.bias, backward.bias])
        logits = functional.linear(hidden, weight, bias)
        forward_logits, backward_logits = logits.tensor_split([words.out_features], dim=1)
        if context.scale is not None:
            forward_logits = forward_logits * context.scale
        return _beside_prior(forward_logits, features), backward_logits

    def log_flow(self, hidden: Tensor, context: Context) -> Tensor:
        """Return log F(s) - log Z(c) [N], scaled by g(beta) like the logits; only with `has_flow`."""
        if self.flow is None:
            raise RuntimeError("this policy was built without a log-flow head")
        flow = functional.linear(hidden, self.flow.weight, self.flow.bias)
        return (flow if context.scale is None else flow * context.scale).squeeze(1)

    def log_z(self, condition: Condition) -> Tensor:
        """Return log Z(c) [B]."""
        return self.partition(condition.beta, self.conditions.encode(condition))  # type: ignore[no-any-return]

    def _heads(
        self, hidden: Tensor, features: Features, slot: SlotHead | None, words: nn.Linear | None
    ) -> Tensor:
        parts = []
        if slot is not None:
            parts.append(slot(hidden, features))
        if words is not None:
            parts.append(functional.linear(hidden, words.weight, words.bias))
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
