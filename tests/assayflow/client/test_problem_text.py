"""Problems as one line: every error, once."""

from assayflow.client.problem_text import format_problem


def test_every_location_of_a_problem_is_named_once():
    field_errors = [
        {"pointer": "/n", "detail": "too many"},
        {"row": 3, "column": "value", "detail": "no\nnumber"},
    ]
    problem = {"title": "Unprocessable", "detail": "/n: too many (and 1 more)", "errors": field_errors}
    assert format_problem(problem) == "Unprocessable: /n: too many; row 3, column value: no number"
    assert format_problem({**problem, "detail": "nothing was stored"}).startswith(
        "Unprocessable: nothing was stored; /n: "
    )
    assert format_problem({**problem, "errors": field_errors * 4}).endswith("and 3 more")


def test_a_detail_that_explains_a_place_is_kept():
    detail = "the same bytes were sent before as upload 7; ?again=true takes only what is new"
    place = {"pointer": "/again", "in": "query", "detail": "upload 7"}
    assert format_problem({"title": "Conflict", "detail": detail, "errors": [place]}) == f"Conflict: {detail}"


def test_a_row_is_named_even_if_its_reason_is_in_the_detail():
    problem = {"title": "Refused", "detail": "no number", "errors": [{"row": 4, "detail": "no number"}]}
    assert format_problem(problem) == "Refused: row 4: no number"
