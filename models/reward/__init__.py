"""What a round wants: evaluated objects, utilities, the log-reward and its multipliers."""
