"""What each preset of `design` means for molecules. Torch-free; knows no campaign.

Similarities are those of the domain: Tanimoto coefficients of Morgan counts.
"""

from types import MappingProxyType

from models.specs.designs import Preset

DESIGNS = MappingProxyType(
    {
        "explore": Preset("anything that the building blocks make, however far from what is measured"),
        "hit_to_lead": Preset(
            "new compounds that are recognisably of the measured series",
            similarity_window=(0.4, 0.65),
            exploration=0.1,
            shares=MappingProxyType({"measured_share": 0.2, "replay_share": 0.1, "genetic_share": 0.3}),
        ),
        "lead_optimisation": Preset(
            "close analogues of measured compounds",
            similarity_window=(0.55, 0.9),
            diversity=0.3,
            exploration=0.05,
            shares=MappingProxyType({"measured_share": 0.3, "replay_share": 0.1, "genetic_share": 0.3}),
        ),
    }
)
"""Presets by name."""
