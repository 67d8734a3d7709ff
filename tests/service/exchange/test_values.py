"""One grammar of value cells: what is read, what is missing, and what is refused with its reason."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.exchange.number_formats import shown
from service.exchange.units import is_unit_beside_a_number
from service.exchange.values import ValueTextError, is_missing, outcome_word, read_outcome, read_value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.2 x 10^-3", 0.0012),
        ("1.2\u00d710⁻³", 0.0012),
        ("1.2*10^-3", 0.0012),
        ("1.2x10-3", 0.0012),
        ("10^-3", 0.001),
        ("3 e-4", 0.0003),
        ("1.2E+03", 1200),
        ("1,234.5", 1234.5),
        ("12 345 678", 12345678),
        ("\u22121.5", -1.5),
    ],
)
def test_powers_of_ten_and_grouped_digits_are_numbers(text: str, number: float):
    read = read_value(text)
    assert read.number == pytest.approx(number)
    assert (read.relation, read.rest, read.error, read.upper) == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "error", "upper"),
    [
        ("-1.5 ± 0.30", 0.3, None),
        ("-1.5+/-0.3", 0.3, None),
        ("-1.5 +- 0.3", 0.3, None),
        ("-1.5 to 2", None, 2),
        ("-1.5 \u2013 2", None, 2),
        ("-1.5 bis 2", None, 2),
    ],
)
def test_an_error_and_a_range_stand_in_one_cell(text: str, error: float | None, upper: float | None):
    read = read_value(text)
    assert (read.number, read.error, read.upper, read.rest) == (-1.5, error, upper, None)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "-3.1;-3.2",
            "[1, 2]",
            "1 2",
            "5.2-",
            "(5.2)",
            "1.2.3",
            "12,5",
            "1,23,4",
            "TRUE",
        ),
        *("<LOD", "BLQ", "inactive", "Range?", "1e999", "inf", "high", "\u0661\u0662"),
    ],
)
def test_what_is_no_single_number_is_refused(text: str):
    with pytest.raises(ValueTextError):
        read_value(text)


@pytest.mark.parametrize(
    "text", ["1.2 x 103", "5 (0.3)", "5*", "5 a", "0x10", "1_000", "5 out of range", "3.1e"]
)
def test_what_follows_a_number_is_handed_on_to_be_judged_as_units(text: str):
    assert read_value(text).rest


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_sentence(text: str):
    try:
        read = read_value(text)
    except ValueTextError:
        return
    assert math.isfinite(read.number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_a_program_writes_is_read_exactly(number: float):
    assert read_value(repr(number)).number == number


@pytest.mark.parametrize("text", ["-----", "...", "—", "NaN", "n/t", "TBD", "not available", " ? "])
def test_words_and_signs_of_nothing(text: str):
    assert is_missing(text)


def test_outcomes_are_read_in_the_words_of_a_laboratory():
    assert (outcome_word("Insoluble"), outcome_word("5"), outcome_word("ok")) == ("insoluble", None, None)
    assert [read_outcome(text) for text in ("QC failed", "not synthesised", "N/T", "Precipitated")] == [
        "failed_qc",
        "failed_synthesis",
        "not_tested",
        "insoluble",
    ]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (100, '">"0', ">100"),
        (100, '"> "0" nM"', ">100nM"),
        (5, "[$€-407] #,##0", "5"),
        (5, 'General" uM"', "5uM"),
        (5, '">"General', ">5"),
        (5, ">General", ">5"),
        (5.5, "General", "5.5"),
        (5000, "#,##0,", "5000"),
        (5, "#,##0 [$USD-409]", "5"),
        (-5, '0.0;"-"0.0', "-5"),
        (-5, "0.0;-0.0", "-5"),
        (-5, "0.0;[Red]0.0", "-5"),
        (3.2, '"-"0.0', "-3.2"),
        (5, "[$-409]0.0", "5"),
        (5, "0.0_);(0.0)", "5"),
        (5, "0 [$µM]", "5µM"),
        (5, "\\<0.0", "<5"),
        (5, '[<10]"<10";0', "<10"),
        (50, '[<10]"<10";0', "50"),
        (0, '0;-0;"ND"', "ND"),
        (-5, "0;[Red](0)", "-5"),
        (5, '"$"#,##0', "5"),
        (0.45, "0%", "45%"),
        (42, "00000", "00042"),
        (1234.5678, "#,##0.0", "1234.5678"),
    ],
)
def test_a_number_is_read_as_its_format_shows_it_and_not_rounded(value: float, number_format: str, text: str):
    assert shown(value, number_format).text == text


@pytest.mark.parametrize(
    "number_format",
    [
        *(
            '"gt "0',
            '"More than "0',
            '"above "0',
            '0" or more"',
            '0"+"',
            '0" >"',
            '"≫"0',
            '"uM "0',
            '0" uM (n=3)"',
        ),
        *(
            '0,"k"',
            '0,,"M"',
            'General"?"',
            '0"?"',
            '"*"0',
            '0"*"',
            '"n="0',
            '0"/2"',
            '0" | 3"',
            '"1"0',
            '0"5"',
            "[$not tested ]0",
            "0!",
        ),
    ],
)
def test_what_a_format_shows_beside_a_number_is_read_or_refused_but_never_dropped(number_format: str):
    text = shown(7, number_format).text
    assert text != "7"
    try:
        read = read_value(text)
    except ValueTextError:
        return
    if read.n is not None:
        assert (read.n, read.rest) == (3, "uM")
        return
    assert read.rest is not None
    assert not is_unit_beside_a_number(read.rest)


def test_decimals_that_a_format_adds_are_kept_for_identifiers():
    assert [shown(1.1, text).padded for text in ("General", "0.0", "0.00", "0")] == [
        "1.1",
        "1.1",
        "1.10",
        "1.1",
    ]


@pytest.mark.parametrize("text", ["-3.1 -3.2", "-1.5 - 0.3", "-3.1-3.2", "3 -12"])
def test_a_hyphen_that_may_be_a_minus_sign_makes_no_range(text: str):
    with pytest.raises(ValueTextError, match="range or two values"):
        read_value(text)


@pytest.mark.parametrize(
    ("text", "ends"), [("10 - 20", (10, 20)), ("10-20", (10, 20)), ("-3.1 - -2.5", (-3.1, -2.5))]
)
def test_a_hyphen_that_can_only_be_one_makes_a_range(text: str, ends: tuple[float, float]):
    assert (read_value(text).number, read_value(text).upper) == ends


@pytest.mark.parametrize(
    ("text", "relation"),
    [("more than 10", ">"), ("below 10", "<"), ("at least 10", ">="), ("&gt;10", ">"), ("&lt;= 10", "<=")],
)
def test_a_relation_before_a_number_is_read_in_words_and_as_programs_write_it(text: str, relation: str):
    assert (read_value(text).relation, read_value(text).number) == (relation, 10)


@pytest.mark.parametrize(
    ("text", "error", "upper"),
    [
        ("12 nM ± 3 nM", 3, None),
        ("12 nM +/- 3", 3, None),
        ("12 nM to 20 nM", None, 20),
        ("12nM-20nM", None, 20),
        ("12 nM \u2013 20 nM", None, 20),
    ],
)
def test_units_may_stand_behind_both_numbers(text: str, error: float | None, upper: float | None):
    read = read_value(text)
    assert (read.number, read.rest, read.error, read.upper) == (12, "nM", error, upper)


@pytest.mark.parametrize(
    "text", ["12 nM ± 3 uM", "12 mM to 20 MM", "12 nM to 20 uM", "12 nM - 20", "12 nM 20 nM"]
)
def test_units_that_differ_within_a_cell_are_no_units(text: str):
    assert not is_unit_beside_a_number(read_value(text).rest or "")
