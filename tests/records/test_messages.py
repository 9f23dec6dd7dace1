import dataclasses
import json

import pytest

from noroshi.records.messages import KINDS, nation_of
from noroshi.records.tracks import BURNING
from tests.sharing.words import message, track_report


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_goes_into_a_journal_as_plain_json(kind):
    one = message(kind)
    written = json.loads(json.dumps(one.to_dict(), allow_nan=False))
    assert written["label"] == {"originator": "JPN", "releasable_to": ["KOR", "USA"], "exercise": True}
    assert written["payload"].keys() == {field.name for field in dataclasses.fields(one.payload)}


def test_a_message_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        message().expires_s = 1e9


@pytest.mark.parametrize(
    "name, nation",
    [
        ("USA-IR-1", "USA"),
        ("USA", "USA"),
        ("Sado", "JPN"),
        ("north-1", "JPN"),
        ("FPS5-Sado", "JPN"),
    ],
)
def test_a_sensor_belongs_to_the_nation_in_front_of_its_name_or_to_the_originator(name, nation):
    assert nation_of(name, origin="JPN") == nation


def test_a_message_tells_which_nations_fed_it():
    assert message(provenance=("USA-IR-1", "JPN-FPS5-Sado", "JPN-FPS5-Ominato", "KOR")).contributors == (
        "JPN", "KOR", "USA",
    )  # fmt: skip


def test_a_track_report_tells_how_likely_it_burns():
    path = track_report()
    assert path.burning_probability == path.models[BURNING] == 0.2
