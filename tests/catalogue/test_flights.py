"""Questions from the record and their answers: reports that are met, claims that cannot be, what failed."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from noroshi.catalogue import grounded
from noroshi.catalogue.flights import along, answer, answers
from noroshi.catalogue.questions import Answer, Failure, Question, Unanswered, questions, with_burn
from noroshi.catalogue.record import find_launch, load_launches
from noroshi.catalogue.threats import load_threat
from noroshi.earth import frames, geometry
from noroshi.earth.model import WGS84
from noroshi.errors import FlightError, InputError
from noroshi.flight.announced import Announced, Told
from noroshi.flight.arcs import arc_time_s, least_energy_apogee_km
from noroshi.flight.cruise import Waypoint
from noroshi.flight.missile import Site

LAUNCHES = load_launches()
SITE = Site(40.0, 126.0)


@pytest.fixture(scope="module", autouse=True)
def few():
    """A quarter of the flights: what a spread holds is not asked here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grounded, "DRAWS", 16)
        yield


def quiet(what: str, done: int, of: int) -> None:
    """Nobody looks."""


def asked(name: str, threat: str = "", **changes) -> tuple[Question, ...]:
    return tuple(replace(one, **changes) for one in questions(find_launch(name, LAUNCHES), threat))


@cache
def answered(name: str) -> tuple[Answer | Unanswered, ...]:
    return tuple(answers(asked(name), quiet))


@cache
def first(name: str, failure: Failure | None = None) -> Answer:
    return answer(asked(name, failure=failure)[0])


def own(apogee_km: float | None, range_km: float, family: str, minutes: float | None = None, **more):
    """A question with figures of one's own."""
    told = Announced(
        Told(apogee_km) if apogee_km else None,
        Told(range_km),
        Told(80.0, 0.5),
        flight_time_s=Told(minutes * 60, 30.0) if minutes else None,
    )
    return Question("flight", SITE, told, load_threat(family), **more)


# Questions.


def test_every_report_with_anything_to_fit_is_one_question():
    japan, korea, claim = asked("2022-03-24")
    assert [one.by for one in (japan, korea, claim)] == ["Japan MoD", "ROK JCS", "DPRK"]
    assert {one.name for one in (japan, korea, claim)} == {"2022-03-24-0533-hwasong-17-claim"}
    assert japan.profile.name == "icbm"
    assert (japan.site.lat_deg, japan.site.lon_deg) == (39.200159, 125.673256)
    assert japan.announced.apogee_km == Told(6000, 25, "at least")
    assert "from memory" in claim.note


def test_every_launch_of_the_record_is_asked_about_or_refused_in_words():
    asked_about = 0
    for launch in LAUNCHES:
        try:
            found = questions(launch)
        except InputError as error:
            assert "has no published" in str(error)
            continue
        asked_about += len(found)
        told = [one.announced for one in found]
        assert all(one.range_km or one.end_deg or one.apogee_km for one in told)
    assert asked_about > len(LAUNCHES)


def test_a_family_may_be_named():
    assert {one.profile.name for one in asked("2022-10-03", "mrbm")} == {"mrbm"}
    with pytest.raises(InputError, match='Did you mean "mrbm"'):
        asked("2022-10-03", "mrmb")


@pytest.mark.parametrize(
    "name, changes, text",
    [
        (
            "2022-10-03",
            {"lat_deg": None},
            "has no published place of launch. Give --lat and --lon with its figures.",
        ),
        ("2024-05-27", {}, "has no published range or end point: nothing to fit."),
    ],
)
def test_a_launch_without_a_place_or_without_figures_is_refused(name, changes, text):
    launch = replace(find_launch(name, LAUNCHES), **changes)
    with pytest.raises(InputError) as caught:
        questions(launch)
    assert str(caught.value) == f"launch = '{launch.name}'\n  {text}"


def test_what_never_reached_orbit_has_no_height_of_an_orbit():
    (lost,) = asked("2023-05-30")
    assert lost.announced.apogee_km is None
    (reached,) = asked("2023-11-21")
    assert reached.announced.apogee_km is not None


def test_a_burn_that_is_known_is_flown_and_one_that_no_missile_has_is_refused():
    profile = with_burn(load_threat("icbm"), 250.0)
    assert {profile.burn_s.draw(u01) for u01 in (0.0, 0.3, 1.0)} == {250.0}
    for burn_s in (100_000.0, -1.0, 0.0, float("nan")):
        with pytest.raises(InputError, match="burn_s"):
            with_burn(load_threat("icbm"), burn_s)


# Answers.


def test_the_claim_of_march_2022_is_refused_by_its_own_time_while_the_others_are_answered():
    japan, korea, claim = answered("2022-03-24")
    assert isinstance(japan, Answer) and isinstance(korea, Answer)
    assert isinstance(claim, Unanswered)
    assert claim.question.by == "DPRK"
    coast_min = arc_time_s(6248.45, 1085.0) / 60
    assert coast_min > 4052 / 60
    assert f"the arc alone takes {coast_min:.1f} min" in claim.why
    assert "no flight reaches 6248.5 km and 1090 km within 67.5 min" in claim.why


def test_where_no_report_can_be_flown_each_is_refused_with_its_reason():
    claim = asked("2022-03-24")[2]
    with pytest.raises(FlightError) as caught:
        answers([claim, replace(claim, by="")], quiet)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["DPRK", "flight"]


def test_it_is_told_how_far_it_is():
    heard = []
    answers([own(150, 300, "srbm"), own(150, 400, "srbm")], lambda *told: heard.append(told))
    assert heard == [("fit", 0, 2), ("fit", 1, 2)]


def test_an_open_apogee_follows_from_the_flight_time(monkeypatch):
    monkeypatch.setattr(grounded, "DRAWS", 64)
    japan, korea = (answer(one) for one in asked("2022-03-24")[:2])
    assert "the apogee follows from the flight time" in japan.notes[0]
    # Over 6,000 km (Japan), over 6,200 km (South Korea): one flight.
    assert 6200 < japan.fit.apogee_km < 6500
    assert japan.fit.flight_time_s == pytest.approx(71 * 60, abs=60)
    # A bound without a time is met at its value.
    assert korea.fit.apogee_km == pytest.approx(6200, abs=0.1)
    assert korea.spread.between("apogee_km")[0] >= 6175


@pytest.mark.parametrize("name", ["2022-03-24", "2022-10-03", "2022-01-04"])
def test_every_answer_meets_its_report(name):
    for one in answered(name):
        if isinstance(one, Unanswered):
            continue
        told = one.question.announced
        if told.range_km is not None:
            assert one.fit.range_km == pytest.approx(told.range_km.value, abs=0.1)
        if told.apogee_km is not None and told.apogee_km.sense == "about":
            assert one.fit.apogee_km == pytest.approx(told.apogee_km.value, abs=0.1)
        # The flight says the same as the fit.
        lat, lon, height_m = frames.geodetic(one.trajectory.position_ecef_m)
        assert height_m.max() / 1e3 == pytest.approx(one.fit.apogee_km, abs=0.2)
        assert np.degrees([lat[-1], lon[-1]]) == pytest.approx(
            [one.fit.impact_lat_deg, one.fit.impact_lon_deg], abs=2e-3
        )
        assert one.trajectory.time_s[-1] == pytest.approx(one.fit.flight_time_s, abs=0.1)
        assert one.burnout.time_s < one.trajectory.time_s[-1]


@pytest.mark.parametrize(
    "apogee_share, arc",
    [(0.4, "depressed"), (0.69, "depressed"), (0.72, "standard"), (1.0, "standard"), (1.3, "standard"),
     (1.5, "lofted"), (8.0, "lofted")],
)  # fmt: skip
def test_an_arc_is_named_by_its_apogee_beside_that_of_least_energy(apogee_share, arc):
    some = first("2022-10-03")
    fit = replace(some.fit, range_km=1000.0, apogee_km=apogee_share * least_energy_apogee_km(1000.0))
    assert replace(some, fit=fit).arc == arc


def test_what_goes_straight_up_and_comes_back_is_lofted():
    some = first("2022-10-03")
    assert replace(some, fit=replace(some.fit, range_km=0.0)).arc == "lofted"


def test_the_same_question_has_the_same_answer_and_another_seed_another_spread():
    one, again = (answer(own(150, 300, "srbm")) for _ in range(2))
    other = answer(own(150, 300, "srbm", seed=1))
    assert one.spread.impact_lat_deg.tobytes() == again.spread.impact_lat_deg.tobytes()
    assert one.trajectory.position_ecef_m.tobytes() == again.trajectory.position_ecef_m.tobytes()
    assert one.spread.impact_lat_deg.tobytes() != other.spread.impact_lat_deg.tobytes()
    assert one.trajectory.position_ecef_m.tobytes() == other.trajectory.position_ecef_m.tobytes()


def test_stages_fall_between_launch_and_impact_and_their_zone_is_of_flights_that_meet_the_figures():
    found = answered("2022-03-24")[1]
    (stage,) = found.falls
    # Middle, light and heavy of the nominal flight, then one of each that met the figures.
    assert len(stage.zone_deg) == 3 + found.spread.met.sum()
    start = np.radians([found.question.site.lat_deg, found.question.site.lon_deg])
    away_m, _ = geometry.great_circle(*start, *np.radians(stage.zone_deg).T)
    assert away_m.min() > 0
    assert away_m.max() < found.fit.range_km * 1e3


def test_what_flights_do_not_meet_has_no_part_in_the_zone():
    # So low and near, some of this family's long burns cannot fly.
    found = answer(own(100, 600, "icbm"))
    met = found.spread.met
    assert 0 < met.sum() < len(met)
    (stage,) = found.falls
    assert len(stage.zone_deg) == 3 + met.sum()


# Flight times.


def test_a_time_shorter_than_the_coast_is_refused_with_what_is_missing():
    with pytest.raises(FlightError) as caught:
        answer(own(1000, 4600, "irbm-single-stage", minutes=15))
    coast_min = arc_time_s(1000, 4600) / 60
    assert str(caught.value) == (
        "no flight reaches 1000 km and 4600 km within 15.0 min: without air and boost the arc alone takes "
        f"{coast_min:.1f} min, {coast_min - 15:.1f} min more"
    )


def test_a_time_told_as_a_lower_bound_refuses_nothing():
    question = own(1000, 4600, "irbm-single-stage", minutes=15)
    told = replace(question.announced, flight_time_s=Told(15 * 60, 30, "at least"))
    assert answer(replace(question, announced=told)).fit is not None


def test_a_time_that_no_flight_takes_is_noted_or_where_the_user_insists_refused():
    question = own(1000, 4600, "irbm-single-stage", minutes=40)
    (note,) = answer(question).notes
    assert note.startswith("no flight of family irbm-single-stage that meets apogee and end takes 40.0 min")
    with pytest.raises(FlightError, match=r"takes 40\.0 min: they take"):
        answer(replace(question, strict_time=True))


def test_the_announced_time_of_october_2022_is_taken_without_a_note():
    assert first("2022-10-03").notes == ()
    told = first("2022-10-03").question.announced.flight_time_s
    low, _, high = first("2022-10-03").spread.between("flight_time_s")
    assert low - 60 < told.value < high + 60


def test_stages_that_nobody_could_build_are_noted():
    site = Site(40.0, 126.0)
    told = Announced(Told(5000.0), Told(12_000.0), Told(20.0))
    found = answer(Question("flight", site, told, load_threat("mrbm")))
    assert any("would need a mass ratio of" in note for note in found.notes)


# Banks.


def test_a_glider_that_banks_comes_down_aside_of_its_way():
    question = own(120, 2500, "glide")
    straight, banked = (answer(replace(question, bank=bank)) for bank in ((), ((200.0, 50.0),)))
    # The fit aims so that both come down at the end; in between the way is another.
    apart = np.linalg.norm(straight.trajectory.position_ecef_m[600] - banked.trajectory.position_ecef_m[600])
    assert apart > 1e3
    assert banked.fit.range_km == pytest.approx(2500, abs=0.1)


def test_what_has_no_lift_cannot_bank_and_no_glider_banks_too_often():
    with pytest.raises(FlightError, match='a body of family "ballistic" has no lift to bank with'):
        answer(own(150, 300, "srbm", bank=((30.0, 30.0),)))
    with pytest.raises(FlightError, match="9 banks were given, at most 8 can be flown"):
        answer(own(120, 2500, "glide", bank=((30.0, 30.0),) * 9))


# Failures.


@pytest.mark.parametrize("at_s", [0.1, 5.0, 33.3, 77.7, 123.456])
def test_a_flight_that_loses_its_thrust_falls_short(at_s):
    whole, lost = first("2022-10-03"), first("2022-10-03", Failure(at_s, "thrust-loss"))
    assert lost.burnout.time_s == pytest.approx(at_s, abs=1e-6)
    assert lost.fit.range_km < whole.fit.range_km
    assert not lost.trajectory.burning[lost.trajectory.time_s >= at_s].any()
    assert lost.spread is None
    # Until then it is the same flight.
    same = lost.trajectory.time_s[:-1] < at_s
    count = int(same.sum())
    there = whole.trajectory.position_ecef_m[:count]
    assert np.linalg.norm(lost.trajectory.position_ecef_m[:count] - there, axis=1).max() < 0.5


def test_fragments_of_a_break_up_are_followed_to_the_ground():
    broken = first("2022-10-03", Failure(300.0, "break-up"))
    (pieces,) = broken.falls
    assert pieces.name == "fragments"
    assert broken.fit.flight_time_s == pytest.approx(pieces.fall_s, abs=0.01)
    assert broken.fit.impact_lat_deg == pytest.approx(pieces.lat_deg, abs=1e-4)
    assert "fails at 300 s (break-up); planned: apogee 1,000 km, range 4,600 km" in broken.notes[0]


def test_stages_that_were_spent_before_it_failed_fall_all_the_same():
    early, late = (answer(asked("2022-03-24", failure=Failure(s, "thrust-loss"))[1]) for s in (60.0, 180.0))
    assert [fall.name for fall in early.falls] == []
    assert [fall.name for fall in late.falls] == ["stage 1"]


def test_nothing_fails_after_it_is_down():
    with pytest.raises(
        FlightError, match=r"nothing can fail at 5000 s: the flight ends after 1[34][0-9]{2} s"
    ):
        first("2022-10-03", Failure(5000.0, "thrust-loss"))


# To orbit.


def test_a_launch_that_reached_orbit_is_in_it_and_its_stages_fall_where_told():
    found = first("2023-11-21")
    assert found.arc == "to orbit"
    assert found.fit is None and found.spread is None
    told = found.question.announced
    assert found.ascent.orbit.apogee_km == pytest.approx(told.apogee_km.value, abs=5)
    # Shown for a quarter of an hour in orbit, and still up.
    height_m = frames.geodetic(found.trajectory.position_ecef_m)[2]
    assert found.trajectory.time_s[-1] == pytest.approx(found.ascent.insertion_s + 900.0)
    assert np.abs(height_m[-900:] / 1e3 - told.apogee_km.value).max() < 25
    first_stage, second = found.falls
    site = np.radians([found.question.site.lat_deg, found.question.site.lon_deg])
    away_m, _ = geometry.great_circle(*site, *np.radians([second.lat_deg, second.lon_deg]))
    assert away_m / 1e3 == pytest.approx(told.range_km.value, abs=0.1)
    assert first_stage.fall_s < second.fall_s


def test_a_lost_ascent_falls_at_the_announced_range():
    lost = first("2023-05-30")
    told = lost.question.announced.range_km
    assert lost.fit.range_km == pytest.approx(told.value, abs=0.1)
    start = np.radians([lost.question.site.lat_deg, lost.question.site.lon_deg])
    lat, lon, height_m = frames.geodetic(lost.trajectory.position_ecef_m[-1])
    away_m, _ = geometry.great_circle(*start, lat, lon)
    assert away_m / 1e3 == pytest.approx(told.value, abs=0.1)
    assert abs(height_m) < 1.0
    assert "planned: a circular orbit of 500 km (assumed)" in lost.notes[0]
    # It burns until it fails and no longer.
    failed_s = lost.burnout.time_s
    assert lost.trajectory.time_s[lost.trajectory.burning].max() < failed_s


def test_the_later_an_ascent_is_lost_the_farther_it_falls():
    question = asked("2023-05-30")[0]
    reached = [
        answer(replace(question, failure=Failure(s, "thrust-loss"))).fit.range_km for s in (60, 120, 240)
    ]
    assert reached == sorted(reached)


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"failure": Failure(5000.0, "break-up")}, "nothing can fail at 5000 s: it is in orbit after"),
        ({"range_km": None}, "no lost ascent can be flown without a time of failure or a range"),
        ({"bearing_deg": None}, "no ascent can be fitted without a direction"),
        ({"range_km": Told(19_000.0)}, "no loss of thrust lets it fall at 19000 km: it falls within"),
        ({"range_km": Told(1e-6)}, "no loss of thrust lets it fall at 0 km"),
    ],
)
def test_an_ascent_that_cannot_have_been_lost_so_is_refused(changes, text):
    question = asked("2023-05-30")[0]
    failure = changes.pop("failure", None)
    told = replace(question.announced, **changes)
    with pytest.raises(FlightError) as caught:
        answer(replace(question, announced=told, failure=failure))
    assert str(caught.value).startswith(text)


# Waypoints.


def test_a_way_is_answered_without_a_fit():
    way = (Waypoint(40, 130, 100, 250), Waypoint(41, 131, 300, 250))
    found = along("patrol", way)
    assert (found.question.name, found.arc) == ("patrol", "waypoints")
    assert (found.fit, found.ascent, found.burnout, found.spread) == (None,) * 4
    assert found.question.site == Site(40, 130, 100)
    with pytest.raises(InputError, match="must be at least 2"):
        along("nowhere", ())


def test_over_another_earth_the_same_figures_are_met_by_another_flight():
    question = own(1000, 4600, "irbm-single-stage")
    here, still = (
        answer(replace(question, earth=earth)) for earth in (WGS84, WGS84._replace(rotation_radps=0.0))
    )
    assert still.fit.range_km == pytest.approx(here.fit.range_km, abs=0.1)
    # Eastwards the turning Earth helps.
    assert here.fit.ideal_kmps < still.fit.ideal_kmps
