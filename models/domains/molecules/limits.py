"""Upper limits of molecule campaigns. Torch-free."""

MAX_HEAVY_ATOMS = 80
"""Most heavy atoms that a campaign may allow its molecules."""
MAX_LISTED_LENGTH = 2_000
"""Longest SMILES in a list, in characters: as long as any that is read."""
MOST_LISTED = 5_000
"""Most molecules of a list inside a specification; longer lists are collections."""
MAX_FRAGMENT_LENGTH = 300
"""Longest SMILES of a fragment, in characters."""
USUAL_RING_SIZE = 8
"""Larger rings are macrocycles or nearly so: they are made by special reactions."""
MAX_POSITIONS = 12
"""Most positions of a scaffold."""
