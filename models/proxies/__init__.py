"""Surrogate models of assays with predictive posteriors. They know no domain, campaign or reward."""
