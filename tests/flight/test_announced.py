"""Numbers as they were announced: what their digits say of their rounding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.flight.announced import Told, as_rounded


@pytest.mark.parametrize(
    "value, coarse, half_width",
    [
        (4600, 50.0, 25.0),
        (970, 50.0, 5.0),
        (998, 50.0, 0.5),
        (3724.9, 50.0, 0.05),
        (6248.53, 50.0, 0.005),
        (99_999.37, 50.0, 0.005),
        (80, 1.0, 0.5),  # a direction to the degree
        (80.5, 1.0, 0.05),
        (22, 1.0, 0.5),  # a time to the minute
        (1 / 3, 50.0, 0.0),  # nobody rounds so
        (0, 50.0, 25.0),
    ],
)
def test_the_digits_of_a_number_say_how_it_was_rounded(value, coarse, half_width):
    assert as_rounded(value, coarse) == Told(value, pytest.approx(half_width))


@given(st.floats(0, 100_000), st.sampled_from([50.0, 10.0, 1.0, 0.1, 0.01]))
def test_what_is_rounded_to_a_unit_lies_within_the_half_width_of_what_is_told(value, unit):
    told = as_rounded(round(value / unit) * unit)
    # A number may look rounder than it was rounded, never finer.
    assert told.half_width >= unit / 2 - 1e-12
    assert abs(told.value - value) <= told.half_width + 1e-9


@given(st.floats(1, 100_000), st.sampled_from(["about", "at least", "at most"]))
def test_a_bound_is_rounded_as_any_other_number(value, sense):
    told = as_rounded(value, sense=sense)
    assert (told.value, told.sense) == (value, sense)
    assert told.half_width == as_rounded(value).half_width
