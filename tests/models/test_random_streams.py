"""Streams.

The same for the same name, different for any other name or seed, and a seed that every library takes.
"""

from models.random_streams import stream


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    assert stream(7, "sampling") == stream(7, "sampling")
    seeds = {
        stream(seed, name)
        for seed in range(200)
        for name in ("sampling", "selecting", "stopping", "a", "b", "ab")
    }
    assert len(seeds) == 1200
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_neighbouring_seeds_share_no_stream() -> None:
    first = {stream(1, f"round {n}") for n in range(1, 1001)}
    second = {stream(2, f"round {n}") for n in range(1, 1001)}
    assert not first & second
