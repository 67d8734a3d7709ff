"""Surrogates of assays: what a value may be, and how sure we are. They know no domain, campaign or reward."""
