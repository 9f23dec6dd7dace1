"""Threat profiles: what is shipped can be flown, and numbers come from their stated spreads."""

import numpy as np
import pytest

from noroshi.catalogue import assemble
from noroshi.catalogue.profiles import LIFT
from noroshi.catalogue.threats import flyer, load_threat
from noroshi.earth.constants import STANDARD_GRAVITY_MPS2
from noroshi.errors import InputError
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import fit
from noroshi.flight.missile import Site

NAMES = sorted(assemble.shipped_names("threats"))


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_draws_within_its_spreads(name):
    threat = load_threat(name)
    for chance in (0.0, 0.5, 1.0):
        missile, body = flyer(threat, lambda _, chance=chance: chance)
        assert sum(stage.burn_s for stage in missile.stages) == pytest.approx(threat.burn_s.draw(chance))
        impulse_s = missile.stages[0].exhaust_mps / STANDARD_GRAVITY_MPS2
        assert impulse_s == pytest.approx(threat.specific_impulse_s.draw(chance))
        assert body.ballistic_coefficient_kgpm2 == threat.ballistic_coefficient_kgpm2.draw(chance)
        assert (threat.glide_ratio is not None) == (body.glide_ratio > 0)


def test_one_chance_for_each_flight_gives_numbers_for_each():
    missile, body = flyer(load_threat("glide"), lambda name: np.linspace(0, 1, 5))
    assert missile.stages[0].burn_s.shape == body.glide_ratio.shape == (5,)
    assert (np.diff(body.ballistic_coefficient_kgpm2) > 0).all()


@pytest.mark.parametrize(
    "name, apogee_km, range_km",
    [
        ("icbm", 6000, 1000),
        ("icbm", 620, 300),
        ("icbm", 1200, 9000),
        ("irbm-single-stage", 1000, 4600),
        ("mrbm", 150, 650),
        ("srbm", 100, 500),
        ("quasi-ballistic", 50, 600),
        ("glide", 100, 4000),
    ],
)
def test_a_shipped_profile_meets_figures_of_its_class_at_both_ends_of_its_spreads(name, apogee_km, range_km):
    threat = load_threat(name)
    for chance in (0.1, 0.5, 0.9):
        missile, body = flyer(threat, lambda _, chance=chance: chance)
        told = Announced(Told(apogee_km), Told(range_km), Told(80.0))
        found = fit(Site(40.0, 127.0), told, missile, body)
        assert max(map(abs, found.residual_km)) < 0.05


def test_a_profile_may_be_a_file_of_ones_own(tmp_path):
    text = (assemble.door.DATA / "threats" / "srbm.toml").read_text()
    (tmp_path / "mine.toml").write_text(text)
    assert load_threat(str(tmp_path / "mine.toml")).name == "mine"


def test_an_unknown_family_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"not a known family.*Did you mean \"quasi-ballistic\""):
        load_threat("quasiballistic")


@pytest.mark.parametrize("field", LIFT)
def test_a_glider_without_one_of_its_numbers_is_refused(tmp_path, field):
    text = (assemble.door.DATA / "threats" / "glide.toml").read_text()
    at = text.index(f"[{field}]")
    (tmp_path / "mine.toml").write_text(text[:at] + text[text.index("\n\n", at) + 2 :])
    with pytest.raises(InputError, match=f'{field}\n  is missing; a threat of family "glide" needs it.'):
        load_threat(str(tmp_path / "mine.toml"))
