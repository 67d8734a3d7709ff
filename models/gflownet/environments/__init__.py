"""Reference environments with known exact distributions, for tests and benchmarks, not campaigns."""
