"""Reference environments whose exact distributions are known: for truth tests and benchmarks, not for campaigns."""
