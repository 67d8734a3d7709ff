"""The name that is surely Assayflow's.

The command, the version, and a check that the packages beside it are ours.
"""

from assayflow.installation import installed_version

__version__ = installed_version()
