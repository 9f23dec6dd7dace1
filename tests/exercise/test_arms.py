"""What crosses which border under each arrangement of sharing, in which form, after how long, and why."""

import itertools
from collections import Counter

import pytest

from noroshi.catalogue.policies import load_policies
from noroshi.exercise.run import run
from noroshi.records.detections import Plot
from noroshi.records.messages import ForecastReport, LaunchReport
from tests.exercise.watched import watch, written

ARMS = ("national", "bilateral", "hub", "direct")
SHARING = ARMS[1:]
ALLIES = (("JPN", "KOR"), ("KOR", "JPN"))


def named_in(text, sensors, but_of):
    """Sensors of other nations that a text names."""
    return {sensor.id for sensor in sensors if sensor.nation != but_of and sensor.id in text}


def test_under_national_nothing_leaves(arms):
    watched = arms["national"]
    for event in ("message", "sent", "received"):
        assert watched.said(event) == []
    assert not any(line["allowed"] for line in watched.said("decision"))
    assert list(watched.heard()) == []


def test_under_national_a_forecast_rests_on_the_nations_own_sensors(arms):
    watched = arms["national"]
    assert {line["node"] for line in watched.said("forecast")} == {"JPN", "KOR", "USA"}
    for line in watched.said("forecast"):
        assert line["basis"] == [line["node"]]
    for line in watched.said("tasking"):
        assert line["because"].startswith("own ")


def test_under_national_nobody_elses_sensors_matter(replayed, arms):
    """Take away every sensor of the other nations: Japan knows, says and does the same."""
    sensors = [
        sensor if sensor.nation == "JPN" else sensor.model_copy(update={"present": False})
        for sensor in replayed.sensors
    ]
    alone = run(replayed.model_copy(update={"sensors": tuple(sensors)}), 0, "national")
    assert {line["node"] for line in alone.entries} == {"JPN"}
    assert alone.entries == [line for line in arms["national"].run.entries if line["node"] == "JPN"]


@pytest.mark.parametrize("arm", ARMS)
def test_a_sensor_reports_to_its_own_nation_alone(replayed, arms, arm):
    owner = {sensor.id: sensor.nation for sensor in replayed.sensors}
    for _, nation, inbox in arms[arm].inboxes:
        for item in inbox:
            assert not isinstance(item, Plot) or owner[item.sensor] == nation


@pytest.mark.parametrize("arm", ARMS)
def test_no_sensor_of_one_ally_is_named_to_the_other(replayed, arms, arm):
    """Where a message goes whole, it goes from an ally to the United States, and no further so."""
    for _, nation, message in arms[arm].heard():
        if message.form == "whole":
            assert (arm, nation) == ("bilateral", "USA")
            assert named_in(repr(message), replayed.sensors, nation) <= {
                sensor.id for sensor in replayed.sensors if sensor.nation == message.origin
            }
        else:
            assert not named_in(repr(message), replayed.sensors, but_of="nobody")


@pytest.mark.parametrize("arm", ARMS)
def test_a_nations_own_journal_names_no_foreign_sensor(replayed, arms, arm):
    for line in arms[arm].run.entries:
        assert not named_in(repr(line), replayed.sensors, line["node"])


@pytest.mark.parametrize("arm", SHARING)
def test_what_is_shared_are_the_three_elements(arms, arm):
    """Launch point, path, impact point, each with its uncertainty."""
    kinds = Counter(type(message.payload) for _, _, message in arms[arm].heard())
    assert kinds[LaunchReport] and kinds[ForecastReport]
    for _, _, message in arms[arm].heard():
        if isinstance(message.payload, LaunchReport):
            assert message.payload.sigma_km > 0 and message.payload.azimuth_sigma_deg > 0
        if isinstance(message.payload, ForecastReport):
            assert message.payload.semi_major_km >= message.payload.semi_minor_km > 0
            assert message.payload.path is not None
            assert len(message.payload.path.covariance) == 10


@pytest.mark.parametrize("arm", SHARING)
def test_every_decision_gives_its_reason_its_rule_and_its_policy(replayed, arms, arm):
    policies = load_policies(replayed.arms[arm].policies, replayed.nations)
    decisions = arms[arm].said("decision")
    assert decisions
    for line in decisions:
        assert line["reason"] and line["rule"]
        assert line["to"] in line["reason"]
        assert policies[line["node"]].sha256.startswith(line["policy"]) and len(line["policy"]) >= 12
        assert line["allowed"] == (line["form"] is not None)


@pytest.mark.parametrize("arm", SHARING)
def test_nothing_is_sent_that_was_not_allowed_to_that_nation_in_that_form(arms, arm):
    watched = arms[arm]
    allowed = Counter(
        (line["node"], line["message"].partition("/")[0], line["to"], line["form"])
        for line in watched.said("decision")
        if line["allowed"]
    )
    form = {(message.id, nation): message.form for _, nation, message in watched.heard()}
    for line in watched.said("sent"):
        whole, _, tail = line["message"].partition("/")
        kept = form.get((line["message"], line["to"]), tail or "whole")
        key = line["node"], whole, line["to"], kept
        assert allowed[key] > 0
        allowed[key] -= 1
    assert not +allowed, "allowed, but never put on a link"


@pytest.mark.parametrize("arm", SHARING)
def test_every_message_goes_only_to_whom_its_label_names(arms, arm):
    for _, nation, message in arms[arm].heard():
        assert nation in message.label.releasable_to
        assert nation != message.origin
        assert message.label.originator == message.origin
        assert message.label.exercise


@pytest.mark.parametrize("arm", SHARING)
def test_a_message_that_comes_twice_is_taken_in_once(arms, arm):
    watched = arms[arm]
    taken = Counter((line["node"], line["message"].partition("/")[0]) for line in watched.said("received"))
    assert set(taken.values()) == {1}
    assert set(taken) == {(nation, written(message)) for _, nation, message in watched.heard()}


@pytest.mark.parametrize("arm", SHARING)
def test_a_forecast_rests_on_nobody_who_said_nothing_yet(arms, arm):
    watched = arms[arm]
    first_s = {}
    for time_s, nation, message in watched.heard():
        for contributor in message.contributors:
            first_s.setdefault((nation, contributor), time_s)
    for line in watched.said("forecast"):
        for contributor in line["basis"]:
            known_s = 0.0 if contributor == line["node"] else first_s[line["node"], contributor]
            assert known_s <= line["t_s"]


def test_bilateral_the_united_states_warns_each_ally_in_real_time(arms):
    for ally in ("JPN", "KOR"):
        ours = [one for one in arms["bilateral"].heard() if (one[1], one[2].origin) == (ally, "USA")]
        assert {message.kind for _, _, message in ours} >= {"launch_report", "forecast"}
        assert {message.form for _, _, message in ours} == {"elements"}
        # A link's delay, or a few where one sending in a hundred is lost.
        assert all(time_s - message.created_s < 60 for time_s, _, message in ours)


@pytest.mark.parametrize("origin, ally", ALLIES)
def test_bilateral_what_one_ally_gives_reaches_the_other_after_its_consent(arms, origin, ally):
    watched = arms["bilateral"]
    passed = [one for one in watched.heard() if (one[1], one[2].origin) == (ally, origin)]
    assert passed, "nothing is passed on in this seed: the test tests nothing"
    for time_s, _, message in passed:
        assert message.kind in ("launch_report", "forecast")
        assert message.form == "elements"
        # The consent takes 5 to 30 minutes, whatever the links do.
        assert time_s - message.created_s >= 300
    asked = [
        line for line in watched.said("decision", "USA") if (line["origin"], line["to"]) == (origin, ally)
    ]
    assert {line["rule"] for line in asked if line["allowed"]} == {"bilateral-usa-relay-after-consent"}


@pytest.mark.parametrize("origin, ally", ALLIES)
def test_bilateral_a_warning_whose_consent_came_too_late_is_refused(arms, origin, ally):
    asked = [
        line
        for line in arms["bilateral"].said("decision", "USA")
        if (line["origin"], line["to"]) == (origin, ally) and not line["allowed"]
    ]
    assert asked, "every consent came in time in this seed: the test tests nothing"
    for line in asked:
        assert line["rule"] == "stale"
        assert "expired" in line["reason"]


@pytest.mark.parametrize("arm", ["hub", "direct"])
@pytest.mark.parametrize("origin, ally", ALLIES)
def test_the_hub_passes_on_within_ten_seconds_of_its_links(arms, arm, origin, ally):
    watched = arms[arm]
    arrived_s = {}
    for time_s, nation, message in watched.heard():
        if nation == "USA":
            arrived_s.setdefault(written(message), time_s)
    passed = [
        line for line in watched.said("decision", "USA") if (line["origin"], line["to"]) == (origin, ally)
    ]
    assert passed
    for line in passed:
        assert line["allowed"] and line["form"] == "elements"
        # Ten seconds, and the whole second that the node steps by.
        assert 1 <= line["t_s"] - arrived_s[line["message"].partition("/")[0]] <= 11


@pytest.mark.parametrize("arm, straight", [("bilateral", False), ("hub", False), ("direct", True)])
@pytest.mark.parametrize("origin, ally", ALLIES)
def test_only_under_direct_do_the_allies_speak_to_each_other(arms, arm, straight, origin, ally):
    watched = arms[arm]
    sent = [line for line in watched.said("sent", origin) if line["to"] == ally]
    assert bool(sent) == straight
    assert any(message.origin == origin for _, nation, message in watched.heard() if nation == ally)


@pytest.mark.parametrize("origin, ally", ALLIES)
def test_direct_the_straight_way_is_the_shorter_one(arms, origin, ally):
    """The same message comes by the hub as well, and is taken in only the first time."""
    arrives_s = {"USA": {}, origin: {}}
    for line in arms["direct"].said("sent"):
        if line["node"] in arrives_s and line["to"] == ally and line["message"].startswith(origin):
            arrives_s[line["node"]][line["message"]] = line["arrives_s"]
    relayed, straight = arrives_s["USA"], arrives_s[origin]
    assert set(relayed) <= set(straight)
    gains_s = sorted(relayed[name] - straight[name] for name in relayed if relayed[name] and straight[name])
    assert gains_s[len(gains_s) // 2] > 0


def test_more_sharing_never_makes_a_launch_known_later(arms):
    """First word of the launch: own sensors, or a partner's message."""

    def known_s(arm, nation):
        times = [line["t_s"] for line in arms[arm].run.entries
                 if line["node"] == nation
                 and (line["event"] in ("received", "launch_report")
                      or (line["event"] == "track" and line["state"] == "confirmed"))]  # fmt: skip
        return min(times)

    for nation in ("JPN", "KOR", "USA"):
        for less, more in itertools.pairwise(ARMS):
            assert known_s(more, nation) <= known_s(less, nation)


@pytest.fixture(scope="module")
def cut(replayed, world):
    """The hub arm with the line between Japan and the United States down for two minutes from T+60."""
    links = tuple(
        link.model_copy(update={"outages": ((60.0, 180.0),)}) if set(link.between) == {"JPN", "USA"} else link
        for link in replayed.arms["hub"].links
    )
    hub = replayed.arms["hub"].model_copy(update={"links": links})
    scenario = replayed.model_copy(update={"arms": {**replayed.arms, "hub": hub}})
    return watch(scenario, 0, "hub", world)


def crossings(watched):
    """(time, message) of what crossed the line between Japan and the United States."""
    return [
        (time_s, message)
        for time_s, nation, message in watched.heard()
        if nation == "JPN" or (nation == "USA" and message.origin == "JPN")
    ]


def test_an_outage_delays_what_crosses_the_line(arms, cut):
    assert any(60 <= time_s < 180 for time_s, _ in crossings(arms["hub"]))
    assert not any(60 <= time_s < 180 for time_s, _ in crossings(cut))
    waited = [
        (line["message"], line["to"])
        for line in cut.said("sent")
        if 60 <= line["t_s"] < 180 and "JPN" in (line["to"], line["node"])
    ]
    assert waited
    arrived_s = {(message.id, nation): time_s for time_s, nation, message in cut.heard()}
    # Stored and sent again: what has not expired arrives when the line is back.
    assert all(arrived_s[key] >= 180 for key in waited if key in arrived_s)
    assert any(key in arrived_s for key in waited)


def test_an_outage_of_one_line_leaves_the_other_alone(arms, cut):
    def korea(watched):
        return [
            (time_s, nation, message)
            for time_s, nation, message in watched.heard()
            if {nation, message.origin} == {"KOR", "USA"} and time_s < 180
        ]

    ours, theirs = korea(cut), korea(arms["hub"])
    assert ours
    # What Japan tells alters what the others know, so only the times of the first words must agree.
    assert [(t, n, m.id) for t, n, m in ours][:3] == [(t, n, m.id) for t, n, m in theirs][:3]


def test_an_outage_costs_the_nation_behind_it_its_warning(arms, cut):
    def first_word_s(watched):
        return min(time_s for time_s, nation, _ in watched.heard() if nation == "JPN")

    assert first_word_s(arms["hub"]) < 180 <= first_word_s(cut)

    # In the meantime Japan stands where it would stand alone.
    alone, behind = (
        [
            line
            for line in watched.run.entries
            if line["node"] == "JPN" and line["t_s"] < 180 and line["event"] in ("first_sight", "forecast")
        ]
        for watched in (arms["national"], cut)
    )
    assert behind == alone
