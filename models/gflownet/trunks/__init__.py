"""Trunks of the policy, one file each, named like the trunk.

Each defines `READS`, what it takes of states, and `TRUNK`, a `contract.Trunk`.
"""

from importlib import import_module

from models.gflownet.trunks.contract import Trunk
from models.specs.sampler import TRUNKS


def get_trunk(name: str) -> type[Trunk]:
    """Return the trunk of this name.

    Raises:
        ValueError: if there is no such trunk.
    """
    if name not in TRUNKS:
        raise ValueError(f"trunk must be one of {', '.join(TRUNKS)}, not {name!r}")
    trunk: type[Trunk] = import_module(f"{__name__}.{name}").TRUNK
    return trunk
