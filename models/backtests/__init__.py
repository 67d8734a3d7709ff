"""Replays of a campaign against a known answer: labs, methods and what is counted. They know no queue and no HTTP."""
