"""The first state of a round: results are cleaned and proxies are fitted."""
