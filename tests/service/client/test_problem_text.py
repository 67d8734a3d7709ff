"""Problems as one line: everything that is wrong, once."""

from service.client.problem_text import sentence


def test_every_place_of_a_problem_is_told_once():
    places = [{"pointer": "/n", "detail": "too many"}, {"row": 3, "column": "value", "detail": "no\nnumber"}]
    problem = {"title": "Unprocessable", "detail": "/n: too many (and 1 more)", "errors": places}
    assert sentence(problem) == "Unprocessable: /n: too many; row 3, column value: no number"
    assert sentence({**problem, "detail": "nothing was stored"}).startswith("Unprocessable: nothing was stored; /n: ")
    assert sentence({**problem, "errors": places * 4}).endswith("and 3 more")
