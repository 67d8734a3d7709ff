"""Linear layers whose initial weights come from a given generator. Knows no policy."""

from torch import Generator, nn, no_grad


def linear(n_in: int, n_out: int, generator: Generator, gain: float = 1.0) -> nn.Linear:
    """Return a layer with weights uniform within gain / sqrt(n_in), and zero biases."""
    layer = nn.Linear(n_in, n_out, device="meta").to_empty(device="cpu")
    bound = gain / max(n_in, 1) ** 0.5
    with no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.zero_()
    return layer


def embedding(n_words: int, width: int, generator: Generator) -> nn.Embedding:
    """Return an embedding with normal weights of variance 1 / width."""
    table = nn.Embedding(n_words, width, device="meta").to_empty(device="cpu")
    with no_grad():
        table.weight.normal_(0.0, width**-0.5, generator=generator)
    return table
