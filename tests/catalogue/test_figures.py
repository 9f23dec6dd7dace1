import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from noroshi.catalogue.figures import Figure, Spread

KNOWN = {"source": "a page that was opened", "confidence": "published"}
ASSUMED = {"source": "assumption: nobody published it", "confidence": "assumed"}

shares = st.floats(0, 1)
sizes = st.floats(1e-3, 1e4)


@st.composite
def spreads(draw) -> Spread:
    kind = draw(st.sampled_from(["fixed", "uniform", "triangular", "lognormal"]))
    low = draw(sizes)
    high = low + draw(sizes)
    inner = low + draw(st.floats(0, 1)) * (high - low)
    fields = {
        "fixed": {"value": inner},
        "uniform": {"low": low, "high": high},
        "triangular": {"low": low, "mode": min(inner, high), "high": high},
        "lognormal": {
            "low": low,
            "median": min(inner, high),
            "sigma": draw(st.floats(0.05, 2)),
            "high": high,
        },
    }
    return Spread(kind=kind, **fields[kind], **KNOWN)


@given(spreads(), shares, shares)
def test_a_draw_rises_with_its_share_and_stays_in_its_range(spread, one, other):
    first, second = spread.draw(min(one, other)), spread.draw(max(one, other))
    assert first <= second * (1 + 1e-12)
    assert spread.low <= first <= spread.high
    assert spread.low <= spread.middle <= spread.high


@pytest.mark.parametrize(
    "spread, share, value",
    [
        (Spread(kind="fixed", value=3.0, **KNOWN), 0.9, 3.0),
        (Spread(kind="uniform", low=130.0, high=200.0, **KNOWN), 0.25, 147.5),
        # Half of a right triangle's area lies right of 1 - sqrt(1/2).
        (Spread(kind="triangular", low=0.0, mode=0.0, high=1.0, **KNOWN), 0.5, 1 - math.sqrt(0.5)),
        (Spread(kind="triangular", low=0.0, mode=1.0, high=2.0, **KNOWN), 0.125, 0.5),
        # The normal distribution has 84.134 % below one sigma; the cut at low and high is far out here.
        (
            Spread(kind="lognormal", median=10.0, sigma=0.5, low=0.0, high=1e6, **KNOWN),
            0.8413447461,
            10 * math.exp(0.5),
        ),
    ],
)
def test_draws_follow_the_named_distribution(spread, share, value):
    assert spread.draw(share) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("kind", ["triangular", "lognormal"])
def test_the_mean_of_many_draws_is_the_mean_of_the_distribution(kind):
    inner = {"mode": 20.0} if kind == "triangular" else {"median": 20.0, "sigma": 0.4}
    spread = Spread(
        kind=kind,
        low=1e-6 if kind == "lognormal" else 10.0,
        high=1e4 if kind == "lognormal" else 60.0,
        **inner,
        **KNOWN,
    )
    mean = sum(spread.draw((row + 0.5) / 4000) for row in range(4000)) / 4000
    exact = 30.0 if kind == "triangular" else 20 * math.exp(0.08)
    assert mean == pytest.approx(exact, rel=2e-3)


def need(model, **fields) -> str:
    with pytest.raises(ValidationError) as caught:
        model(**fields)
    error = caught.value.errors()[0]
    return f"{'.'.join(map(str, error['ctx']['field']))}: {error['ctx']['need']}"


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"value": 1.0, **ASSUMED}, "low: is missing: an assumption states the range"),
        ({"value": 1.0, "low": 0.0, **KNOWN}, "high: is missing: a range needs both ends"),
        ({"value": 1.0, "low": 2.0, "high": 3.0, **KNOWN}, "value: must lie in its own range, 2.0 to 3.0"),
        ({"value": 1.0, "low": 3.0, "high": 2.0, **KNOWN}, "low: must not be above high"),
        (
            {"value": 1.0, "low": 1.0, "high": 1.0, **ASSUMED},
            "high: must be above low: an assumption is not exact",
        ),
        (
            {"value": 1.0, "low": 0.0, "high": 2.0, "source": "assumption: x", "confidence": "official"},
            'confidence: must be "assumed"',
        ),
        (
            {"value": 1.0, "low": 0.0, "high": 2.0, "source": "I think", "confidence": "assumed"},
            'source: must begin with "assumption:"',
        ),
    ],
)
def test_a_figure_refuses_a_number_without_an_honest_source(fields, said):
    assert said in need(Figure, **fields)


@pytest.mark.parametrize("source", ["", "  ", "assumption:", "assumption:  "])
def test_an_empty_source_is_no_source(source):
    assert "must name where the number comes from" in need(
        Figure, value=1.0, source=source, confidence="published"
    )


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"kind": "uniform", "low": 1.0}, "high: is missing: a uniform spread needs low, high"),
        ({"kind": "uniform", "low": 1.0, "high": 2.0, "mode": 1.5}, "mode: has no place here"),
        ({"kind": "uniform", "low": 2.0, "high": 1.0}, "low: must not be above high"),
        ({"kind": "uniform", "low": 2.0, "high": 2.0}, "high: must be above low"),
        ({"kind": "triangular", "low": 1.0, "mode": 3.0, "high": 2.0}, "mode: must lie between low and high"),
        (
            {"kind": "lognormal", "median": 1.0, "sigma": 9.0, "low": 0.0, "high": 2.0},
            "sigma: must be above 0",
        ),
        (
            {"kind": "lognormal", "median": 1.0, "sigma": 1.0, "low": -1.0, "high": 2.0},
            "low: must be at least 0",
        ),
        ({"kind": "fixed"}, "value: is missing"),
    ],
)
def test_a_spread_refuses_fields_that_make_no_distribution(fields, said):
    assert said in need(Spread, **fields, **KNOWN)


def test_a_fixed_assumption_states_its_range_too():
    assert "low: is missing" in need(Spread, kind="fixed", value=1.0, **ASSUMED)
