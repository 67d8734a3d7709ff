"""From pydantic's errors to JSON pointers."""

from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from service.json_pointers import body_location


class Cat(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["cat"]
    lives: int = Field(ge=1)
    names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if "Dog" in self.names:
            position = self.names.index("Dog")
            raise PydanticCustomError("name", "no cat is called Dog", {"pointer": f"/names/{position}"})
        return self


class Dog(BaseModel):
    kind: Literal["dog"]
    cat: Cat | int | None = None


class Home(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    span: tuple[float, float] | None = None


def _places(document: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Home).validate_python(document)
    return [body_location(error, error["loc"], document)["pointer"] for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"pet": {"kind": "cat", "lives": 0}}, ["/pet/lives"]),
        ({"pet": {"kind": "cat"}}, ["/pet/lives"]),
        ({"pet": {"kind": "cat", "lives": 1, "cat": 2}}, ["/pet/cat"]),
        ({"pet": {"kind": "cat", "lives": 1, "names": ["Tom", 5]}}, ["/pet/names/1"]),
        ({"pet": {"kind": "cow"}}, ["/pet"]),
        ({"pet": {}}, ["/pet"]),
        ({}, ["/pet"]),
        ({"pet": {"kind": "cat", "lives": 1, "names": ["Tom", "Dog"]}}, ["/pet/names/1"]),
        ({"pet": {"kind": "dog", "cat": "x"}}, ["/pet/cat", "/pet/cat"]),
        ({"pet": {"kind": "dog", "cat": {"kind": "cat"}}}, ["/pet/cat/lives", "/pet/cat"]),
        ({"pet": {"kind": "dog"}, "span": [1, "x"]}, ["/span/1"]),
        ("text", [""]),
    ],
)
def test_pointers_lead_into_the_document(document: Any, expected: list[str]) -> None:
    assert _places(document) == expected


def test_the_sentence_is_the_validators_own() -> None:
    error = {"type": "value_error", "msg": "Value error, give min, max or both", "loc": ()}
    assert body_location(error, (), {}) == {"pointer": "", "detail": "give min, max or both"}
