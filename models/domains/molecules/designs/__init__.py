"""What a lab has: scaffolds, leads, substructures, lists to avoid; as rules and as designs. Torch-free."""
