"""Building blocks: fragmentation of molecules and joining of fragments."""
