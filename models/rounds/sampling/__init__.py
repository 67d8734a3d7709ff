"""The third state of a round: candidates are sampled and filtered."""
