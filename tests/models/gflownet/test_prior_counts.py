"""Back-off tables: probabilities that sum to 1, stay positive, and are as sharp as the counts allow."""

import math

import pytest
import torch

from models.gflownet.prior_counts import BackoffTable, count


def chain(seed: int, n: int, n_words: int, n_likely: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return contexts [n, 2] and words [n] of a chain in which only some words follow each word."""
    generator = torch.Generator().manual_seed(seed)
    after = torch.stack([torch.randperm(n_words, generator=generator)[:n_likely] for _ in range(n_words)])
    draws = torch.randint(n_likely, (n,), generator=generator).tolist()
    words = [0, 0]
    for draw in draws:
        words.append(int(after[words[-1], draw]))
    chained = torch.tensor(words)
    return torch.stack([chained[1:-1], chained[1:-1] + n_words * chained[:-2]], dim=1), chained[2:]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("pull", [1.0, 64.0])
def test_every_row_is_a_distribution_and_no_word_is_impossible(order: int, pull: float):
    contexts, words = chain(0, 300, 8, 3)
    table = count(contexts, words, 8, order, pull)
    assert table.order == order
    rows = table.rows.double()
    torch.testing.assert_close(
        rows.logsumexp(dim=1), torch.zeros(len(rows), dtype=torch.float64), atol=1e-5, rtol=0
    )
    assert bool(rows.isfinite().all())


def test_what_never_follows_gets_little_and_what_follows_its_frequency():
    contexts, words = chain(1, 20_000, 8, 3)
    table = count(contexts, words, 8, 2, 1.0)
    for context in range(8):
        of_context = words[contexts[:, 0] == context]
        share = torch.bincount(of_context, minlength=8) / len(of_context)
        p = table.log_probabilities(torch.tensor([[context, 0]]))[0].exp()
        assert float(p[share == 0].sum()) < 1e-3
        torch.testing.assert_close(p[share > 0], share[share > 0], atol=0.01, rtol=0)


def test_the_mass_of_new_words_follows_from_words_seen_once():
    """Good: of 100 transitions after the only context 4 words came once, so 4 % are new words."""
    words = torch.tensor([0] * 60 + [1] * 36 + [2, 3, 4, 5])
    table = count(torch.zeros(100, 0, dtype=torch.int64), words, 10, 1, 1.0)
    p = table.rows[0].exp()
    assert float(p[6:].sum()) == pytest.approx(0.04, abs=1e-6)
    assert p[6:].tolist() == pytest.approx([0.01] * 4, abs=1e-6)
    assert float(p[0] / p[1]) == pytest.approx(60.1 / 36.1, rel=1e-4)


def test_what_never_follows_a_context_is_rare_and_doubtful():
    """Word 2 came once in 100 after context 0, and words 3 and 4 never, but as often as it elsewhere."""
    words = torch.tensor([0] * 60 + [1] * 39 + [2] + [3, 4] * 50)
    contexts = torch.tensor([0] * 100 + [1] * 100).unsqueeze(1)
    table = count(contexts, words, 5, 2, 1.0)
    elsewhere, after = table.rows[0].exp(), table.log_probabilities(torch.tensor([[0]]))[0].exp()
    both = float(elsewhere[3:].sum())
    # the once-seen share of both contexts, which are alike in number, is 1 of 200
    frequency = (1 + 20 / 200) / 120
    assert float(after[3:].sum()) == pytest.approx(frequency**2 / both, rel=1e-4)
    assert float(after[3:].sum()) < 0.1 * frequency


def test_a_context_seen_once_says_no_more_than_the_coarser_one():
    contexts = torch.cat([torch.zeros(40, 1, dtype=torch.int64), torch.ones(1, 1, dtype=torch.int64)])
    words = torch.cat([torch.arange(4).repeat(10), torch.tensor([2])])
    table = count(contexts, words, 4, 2, 16.0)
    alone = table.log_probabilities(torch.tensor([[1]]))[0].exp()
    torch.testing.assert_close(alone, table.rows[0].exp(), atol=0.02, rtol=0)


def test_an_unknown_context_falls_back_to_the_finest_known_one():
    contexts, words = chain(2, 2_000, 6, 2)
    table = count(contexts, words, 6, 3, 4.0)
    known = contexts[:1]
    unknown = torch.stack([known[0, 0], torch.tensor(999)]).unsqueeze(0)
    by_last = BackoffTable(table.rows, table.keys[:1])
    assert torch.equal(table.log_probabilities(unknown), by_last.log_probabilities(known))
    nothing = torch.tensor([[-1, -1]])
    assert torch.equal(table.log_probabilities(nothing)[0], table.rows[0])
    assert not torch.equal(table.log_probabilities(known), by_last.log_probabilities(known))


def test_structure_is_predicted_better_than_by_uniform_words():
    contexts, words = chain(3, 1_000, 20, 4)
    table = count(contexts[:500], words[:500], 20, 2, 4.0)
    held_out = table.log_probabilities(contexts[500:]).gather(1, words[500:, None]).mean()
    assert float(held_out) > -math.log(6)
