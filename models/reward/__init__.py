"""The reward of a round: evaluated objects, utilities, the log-reward and its multipliers."""
