"""What acquisitions that expect an improvement share: a Gaussian's excess, the front's cells and a common scale."""
