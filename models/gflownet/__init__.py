"""The GFlowNet engine: it knows environments, conditions and log-rewards, and nothing of what they represent."""
