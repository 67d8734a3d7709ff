"""Trunks of the policy, one file each, named like the trunk. Each defines `TRUNK`, a `contract.Trunk`."""

from importlib import import_module

from models.gflownet.trunks.contract import Trunk


def get_trunk(name: str) -> type[Trunk]:
    """Return the trunk of this name, which the caller has checked."""
    trunk: type[Trunk] = import_module(f"{__name__}.{name}").TRUNK
    return trunk
