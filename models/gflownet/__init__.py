"""The GFlowNet engine. Knows environments, conditions and log-rewards, but not what they represent."""
