"""Molecules as RDKit sees them: reading, normal form, stereochemistry, alerts, fingerprints. Torch-free."""
