"""Run expensive checks of user input in child processes with limits, so that no check stops the service.

Each child has a limit on memory and computing time. A check beyond a limit is killed, and the error names the
limit. This package depends on neither HTTP nor campaigns: the functions that children run belong to their own
packages.
"""

from service.children.channel import ParentChannel
from service.children.pool import Children, ChildTask, Limits

__all__ = ["ChildTask", "Children", "Limits", "ParentChannel"]
