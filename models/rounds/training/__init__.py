"""The second state of a round: a policy is trained on the log-reward."""
