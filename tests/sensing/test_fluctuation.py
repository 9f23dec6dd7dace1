"""Monte Carlo with fixed seeds; each count fails by chance once in a million."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import binom, gamma, ncx2

from noroshi.sensing.fluctuation import detection_probability

MANY = 100_000
SNR = np.concatenate([[0.0], np.logspace(-3, 5, 81)])
CASES = [0, 1, 3]


def probability(snr, false_alarm: float, swerling: int) -> np.ndarray:
    snr = np.atleast_1d(snr).astype(float)
    return np.asarray(detection_probability(snr, np.float64(false_alarm), np.full(len(snr), swerling)))


@pytest.mark.parametrize("false_alarm", [0.1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-12])
def test_a_steady_echo_is_seen_as_scipys_non_central_chi_square_says(false_alarm):
    exact = ncx2.sf(-2 * np.log(false_alarm), 2, 2 * SNR)
    assert probability(SNR, false_alarm, 0) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("swerling, shape", [(1, 1), (3, 2)])
@pytest.mark.parametrize("false_alarm", [1e-2, 1e-6])
@pytest.mark.parametrize("snr", [0.3, 3.0, 30.0, 300.0])
def test_a_fluctuating_echo_is_a_steady_one_of_drawn_strength(swerling, shape, false_alarm, snr):
    # Strength is gamma distributed: an exponential in case 1, a chi-square of four degrees in case 3.
    strength = gamma(shape, scale=snr / shape)

    def mixed(share: float) -> float:
        return float(ncx2.sf(-2 * np.log(false_alarm), 2, 2 * strength.ppf(share)))

    exact = quad(mixed, 0, 1, limit=200, epsabs=1e-10)[0]
    assert probability(snr, false_alarm, swerling)[0] == pytest.approx(exact, abs=1e-7)


@pytest.mark.parametrize("swerling", CASES)
@pytest.mark.parametrize("snr", [0.0, 1.0, 10.0, 100.0])
def test_the_closed_form_is_what_an_echo_in_noise_does(snr, swerling):
    # One look: noise is complex Gaussian of unit power, and passes the threshold 1 time in 1,000.
    chance = np.random.default_rng(20 + swerling)
    fluctuates = {0: np.ones(MANY), 1: chance.gamma(1, 1, MANY), 3: chance.gamma(2, 0.5, MANY)}[swerling]
    echo = np.sqrt(snr * fluctuates)
    noise = chance.standard_normal((MANY, 2)) * np.sqrt(0.5)
    passed = ((echo + noise[:, 0]) ** 2 + noise[:, 1] ** 2 > -np.log(1e-3)).sum()
    low, high = binom.ppf([5e-7, 1 - 5e-7], MANY, probability(snr, 1e-3, swerling)[0])
    assert low <= passed <= high


@given(st.sampled_from(CASES), st.floats(1e-12, 0.1), st.floats(-30, 60), st.floats(0.01, 10))
def test_a_louder_echo_is_never_seen_less_often(swerling, false_alarm, snr_db, more_db):
    quiet, loud = probability(10 ** (np.array([snr_db, snr_db + more_db]) / 10), false_alarm, swerling)
    assert false_alarm - 1e-9 <= quiet <= loud + 1e-12 <= 1 + 1e-12


@pytest.mark.parametrize("swerling", CASES)
def test_without_an_echo_only_noise_is_seen(swerling):
    assert probability(0.0, 1e-4, swerling)[0] == pytest.approx(1e-4, rel=1e-9)


def test_what_fluctuates_is_seen_less_often_when_loud_and_more_often_when_faint():
    loud, faint = ([probability(snr, 1e-6, case)[0] for case in CASES] for snr in (30.0, 3.0))
    assert loud[0] > loud[2] > loud[1]
    assert faint[0] < faint[2] < faint[1]
