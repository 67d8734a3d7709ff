"""Expensive checks of what callers send, done in children with limits, so that none of them stops the service.

A child is a process of its own with most memory and computing time it may take; what goes beyond is killed and answered
with the limit's name. Knows no HTTP and no campaign: the functions that children run are where their subject is.
"""

from service.children.channel import ParentChannel
from service.children.pool import Children, ChildTask, Limits

__all__ = ["ChildTask", "Children", "Limits", "ParentChannel"]
