"""Surrogate models of assays: predictive posteriors with uncertainty. They know no domain, campaign or reward."""
