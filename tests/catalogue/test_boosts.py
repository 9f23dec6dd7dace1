"""The shipped template of boosts is what the code of the flights gives."""

import json
from dataclasses import fields

import numpy as np
import pytest

from noroshi.catalogue.boosts import template, written
from noroshi.tracking.boosts import CELLS, MODES, Template, generic


@pytest.fixture(scope="module")
def flown() -> Template:
    return generic()


def test_flown_anew_it_is_the_shipped_one(flown):
    """Else it is due: python -m noroshi.catalogue.boosts."""
    for field in fields(Template):
        shipped, anew = (np.asarray(getattr(one, field.name)) for one in (template(), flown))
        assert shipped.shape == anew.shape, field.name
        # A share of the largest of each: small weights of late modes are differences of large numbers.
        assert np.abs(shipped - anew).max() <= 1e-5 * np.abs(anew).max(), field.name


def test_what_is_written_is_read(flown):
    told = json.loads(written(flown))
    assert np.allclose(told["mean"], flown.mean, rtol=1e-7, atol=0)
    assert np.shape(told["modes"]) == (MODES, 2, CELLS + 3)


def test_some_lift_off_slowly():
    """Two minutes or more of burn, and below 1.5 km after half a minute: one in ten of the generic boosts."""
    boosts = template()
    chance = np.random.default_rng(1)
    weights = chance.standard_normal((4000, MODES))
    long = boosts.burn[0] + weights @ boosts.burn[1:-1] > np.log(120.0)
    # At 30 s, by the nearest column of the spline.
    column = round(float(np.log(30.0 / 4.0) * CELLS / np.log(640.0 / 4.0))) + 1
    height_m = np.exp(boosts.mean[0, column] + weights @ boosts.modes[:, 0, column]) - 300.0
    assert (long & (height_m < 1.5e3)).mean() > 0.1
