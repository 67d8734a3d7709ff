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
