"""Replays of a campaign against known values: oracles, strategies and metrics. They know no queue."""
