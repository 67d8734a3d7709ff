"""Every message that the code can produce is in the catalogue with the parameters that its template needs."""

import ast
import runpy
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.messages.catalogue import SECTIONS, TEMPLATES
from models.messages.message import Message, MessageRecord, message
from models.messages.wording import FORMATS, WORDING

ROOT = Path(__file__).parents[3]


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    """Yield every call of `message` in the sources."""
    for room in ("models", "service", "workers"):
        for file in sorted((ROOT / room).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            if "models.messages.message import" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id == "message"
                ):
                    yield file, node


def _used() -> dict[str, list[ast.Call]]:
    used: dict[str, list[ast.Call]] = defaultdict(list)
    for file, call in _calls():
        (code,) = call.args
        assert isinstance(code, ast.Constant), (
            f"{file.name}:{call.lineno}: a code is a literal, so that it is found"
        )
        used[code.value].append(call)
    return used


USED = _used()


def test_the_catalogue_and_the_code_name_the_same_messages() -> None:
    assert set(USED) == set(TEMPLATES)
    assert sum(map(len, SECTIONS.values())) == len(TEMPLATES), "a code stands in two sections"


@pytest.mark.parametrize("code", sorted(TEMPLATES))
def test_a_message_has_the_parameters_of_its_template(code: str) -> None:
    fields = WORDING.fields(TEMPLATES[code])
    for call in USED[code]:
        given = {keyword.arg for keyword in call.keywords}
        assert given - {None} <= fields
        assert None in given or given == fields


@pytest.mark.parametrize("code", sorted(TEMPLATES))
def test_a_template_is_made_of_plain_sentences(code: str) -> None:
    text = TEMPLATES[code]
    assert not text[0].islower()
    assert text.endswith(".")
    assert "  " not in text
    sentences = [part for part in text.replace("; ", ". ").replace(": ", ". ").split(". ") if part]
    assert max(len(part.split()) for part in sentences) <= 28
    for _, _, spec, _ in WORDING.parse(text):
        if spec and spec.isalpha() and spec != "g":
            assert spec in FORMATS


def test_every_format_is_used() -> None:
    specs = {spec for text in TEMPLATES.values() for _, _, spec, _ in WORDING.parse(text)}
    assert set(FORMATS) <= specs


def test_every_message_is_documented() -> None:
    """The page is generated: `python docs/messages.py` writes it."""
    page = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
    assert runpy.run_path(str(ROOT / "docs" / "messages.py"))["page"]() == page
    assert [code for code in TEMPLATES if f"| `{code}` |" not in page] == []


def test_a_message_is_code_parameters_and_text() -> None:
    record = message("censored_results", type="logS", count=1).record()
    text = "1 result of logS is a bound (<, > or a wide range), modelled as a bound and not as a value."
    assert record == {"code": "censored_results", "params": {"type": "logS", "count": 1}, "text": text}
    assert MessageRecord.model_validate(record).model_dump() == record
    assert message("censored_results", type="logS", count=20).text.startswith("20 results of logS are bounds")


@pytest.mark.parametrize("wrong", [Message("no_such_code", {}), Message("cold_start", {"kind": "logS"})])
def test_a_message_that_the_catalogue_cannot_word_is_an_error(wrong: Message) -> None:
    with pytest.raises(KeyError):
        _ = wrong.text


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("{x:rounds}", [3], "round 3"),
        ("{x:rounds}", [2, 3, 4], "rounds 2-4"),
        ("{x:rounds}", [1, 3], "rounds 1, 3"),
        ("{x:shares}", {"signal": 0.25, "few": 0.75}, "signal 25% and few 75%"),
        ("{x:effects}", {"ring": "lowers", "OH": ""}, "ring (lowers it), OH"),
        ("{x:version}", None, "the unnamed version"),
        ("{x:version}", "v2", "version v2"),
        ("{x:units}", None, ""),
        ("{x:units}", "mV", " mV"),
        ("{x:one|many}", ["a"], "one"),
        ("{x:one|many}", ["a", "b"], "many"),
        ("{x:one|many}", 1, "one"),
        ("{x:list}", [1.0, 2.5], "1, 2.5"),
        ("{x:.1%}", 0.0114, "1.1%"),
    ],
)
def test_parameters_in_words(template: str, value: object, text: str) -> None:
    assert WORDING.vformat(template, (), {"x": value}) == text
