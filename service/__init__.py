"""HTTP, campaign logic and persistence of Assayflow.

It knows the specifications of the science and loads no torch.
"""

from assayflow.installation import require_own

__distribution__ = "assayflow"

require_own("models")
