"""The fourth state of a round: a batch is selected from the pool."""
