"""The steps of one round, each its own page; `models.propose` says in which order.

They know no queue or storage.
"""
