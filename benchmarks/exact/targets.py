"""Training spaces of several benchmarks by name, each with its standard reward at beta 1."""

from torch import Tensor

from benchmarks.exact import spaces
from benchmarks.exact.training import Target

TFBIND8 = "tfbind8/tfbind8.csv.gz"
QM9_STRINGS = "qm9str/qm9str.csv.gz"


def target(name: str, ngram_lengths: tuple[int, ...] = (1,)) -> Target:
    """Return `TFBind8`, `QM9 strings`, `strings 4^L` or `hypergrid H^D`; `ngram_lengths` is for DNA."""
    if name == "TFBind8":
        return Target(spaces.tfbind8(ngram_lengths), lambda values, _: _log_power(values[:, 0], 3, 10.0))
    if name == "QM9 strings":
        return Target(spaces.qm9_strings(), lambda values, _: _log_power(values[:, 0], 5, 100.0))
    if name.startswith("strings 4^"):
        length = int(name.removeprefix("strings 4^"))
        return Target(spaces.short_strings(length, ngram_lengths), lambda values, _: _log_power(values[:, 0], 3, 10.0))
    side, n_dimensions = (int(word) for word in name.removeprefix("hypergrid ").split("^"))
    return Target(spaces.hypergrid(n_dimensions, side), lambda values, _: values[:, 0].log())


def _log_power(values: Tensor, exponent: float, scale: float) -> Tensor:
    return exponent * values.clamp_min(spaces.LOWEST).log() + values.new_tensor(scale).log()
