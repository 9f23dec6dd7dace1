import pytest

from noroshi.errors import InputError
from noroshi.records import labels
from noroshi.records.labels import Label

NATIONS = ("AUS", "GBR", "JPN", "KOR", "USA")


@pytest.mark.parametrize(
    "label, text",
    [
        (Label("JPN", ("USA",)), "REL JPN USA"),
        (Label("USA", ("JPN", "KOR")), "REL USA JPN KOR"),
        (Label("USA", ("USA", "JPN")), "REL USA JPN"),
        (Label("JPN", ()), "REL JPN"),
    ],
)
def test_a_label_reads_originator_first(label, text):
    assert str(label) == text


@pytest.mark.parametrize("text", ["REL JPN", "REL JPN USA", "REL USA JPN KOR AUS GBR"])
def test_a_label_reads_back_as_it_was_written(text):
    assert str(labels.parse(text, NATIONS, "order.txt")) == text


def test_an_exercise_is_marked():
    assert Label("JPN", ()).marking == "EXERCISE"
    assert Label("JPN", (), exercise=False).marking == "LIVE"


def test_an_unknown_nation_in_a_label_is_named():
    with pytest.raises(InputError) as error:
        labels.parse("REL JPN JAP", NATIONS, "order.txt")
    assert str(error.value) == (
        "order.txt: label = 'REL JPN JAP'\n  names JAP, an unknown nation; known are AUS, GBR, JPN, KOR, USA."
    )


@pytest.mark.parametrize("text", ["", "REL", "JPN USA", "rel JPN USA"])
def test_what_is_no_label_is_refused(text):
    with pytest.raises(InputError, match="REL JPN USA"):
        labels.parse(text, NATIONS, "order.txt")
