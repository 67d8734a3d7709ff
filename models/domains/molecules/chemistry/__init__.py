"""Chemistry with RDKit: parsing, normal form, stereochemistry, alerts, fingerprints. Torch-free."""
