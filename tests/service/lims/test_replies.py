"""Replies of other systems: digits stay, a word that is no number harms one cell, a page is no answer."""

import httpx
import pytest

from service.lims.contract import AccessDeniedError, RetryLaterError
from service.lims.replies import check_reply, json_body, plain_detail
from service.outbound.pinned_http import Reply


def reply(content: bytes, status: int = 200, **headers: str) -> Reply:
    return Reply(status, httpx.Headers(headers), content, "GET /api/results")


def test_numbers_print_with_the_digits_that_they_came_with():
    (value,) = json_body(reply(b"[12.50]"))
    assert (str(value), value) == ("12.50", 12.5)


def test_a_number_that_is_none_is_a_word_and_holds_up_no_other():
    assert json_body(reply(b'{"a": NaN, "b": -Infinity, "c": 1}')) == {"a": "NaN", "b": "-Infinity", "c": 1}


@pytest.mark.parametrize("content", [b"<html>Please sign in</html>", b'{"count": 3, "it', b""])
def test_what_is_no_json_is_no_answer(content: bytes):
    with pytest.raises(RetryLaterError, match="no JSON"):
        json_body(reply(content))


def test_a_busy_system_says_how_long_it_wants_to_be_left_alone():
    with pytest.raises(RetryLaterError, match="slow down") as caught:
        check_reply(reply(b'{"message": "slow down"}', 429, **{"retry-after": "7"}))
    assert caught.value.seconds == 7.0


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_access_is_one_unless_the_caller_understands_it(status: int):
    with pytest.raises(AccessDeniedError, match=f"GET /api/results answered {status}"):
        check_reply(reply(b"", status))
    assert check_reply(reply(b"", status), accepted=(status,)).status == status


def test_a_redirect_asks_whether_the_address_is_right():
    with pytest.raises(RetryLaterError, match="is the address right"):
        check_reply(reply(b"", 302))


def test_only_words_of_a_problem_are_kept_and_nothing_of_a_page():
    assert plain_detail(reply(b'{"error": {"message": "no  such\\nfield"}}')) == "no such field"
    assert plain_detail(reply(b"<html>secret</html>")) == ""
