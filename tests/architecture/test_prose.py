"""The pages are plain technical English: sentences are short, and their words are those of the field."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def _load() -> ModuleType:
    spec = spec_from_file_location("prose", DOCS / "prose.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


prose = _load()


@pytest.mark.parametrize("page", prose.pages(), ids=lambda page: page.name)
def test_sentences_are_short_and_words_are_plain(page: Path) -> None:
    reading = prose.read(page)
    assert reading.mean <= prose.MOST_MEAN, f"{reading.mean:.1f} words in the average sentence"
    assert reading.too_long == ()
    assert prose.quotes_records(page) or reading.private == (), "\n".join(
        f"{word}: say {prose.PRIVATE[word]}" for word, _ in reading.private
    )


def test_code_tables_headings_and_links_are_no_prose() -> None:
    page = """# A heading of many words that is not counted at all
One two [three](four.md#five-six).

| a | table |

- An item
  of four words
- `code with blanks` counts, e.g. as one. Next!

```text
no prose
```
"""
    assert [prose.words(sentence) for sentence in prose.sentences(page)] == [3, 5, 6, 1]


def test_prose_inside_a_glossary_counts() -> None:
    assert list(prose.sentences("```{glossary}\nterm\n: Its meaning.\n```")) == ["term", "Its meaning."]


def test_long_sentences_and_private_words_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        f"# What is asked\n\n{'word ' * 41}end. It is told.\n\n| `told` | believes |\n", encoding="utf-8"
    )
    reading = prose.read(page)
    assert len(reading.too_long) == 1
    assert [word for word, _ in reading.private] == ["told", "asked", "believes"]


def test_every_decision_has_its_status_and_date() -> None:
    records = sorted((DOCS / "decisions").glob("0*.md"))
    assert len(records) > 20
    numbers = [record.name[:4] for record in records]
    assert len(set(numbers)) == len(numbers), "two records have one number"
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(record.name[:4])}. "), record.name
        assert re.search(r"^Status: (accepted|superseded by .+), \d{4}-\d{2}-\d{2}", text, re.MULTILINE), (
            record.name
        )
