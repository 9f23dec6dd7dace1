"""Who could see a launch, and why not, as the page tells it."""

import re

import pytest

from noroshi.records.detections import Why
from noroshi.report import spells
from noroshi.report.custody import WHY
from noroshi.report.folder import read_run
from noroshi.report.html import page
from noroshi.report.names import NBSP
from tests.report import made


@pytest.fixture(scope="module")
def hub(run):
    return run.by_name["hub"]


def test_every_reason_has_a_place_in_the_picture_or_words_of_its_own():
    drawn = [why for look in spells.LOOKS for why in look.reasons]
    assert len(drawn) == len(set(drawn))
    # An object that is not there is not looked for; what sees no missile at all is said in words.
    assert set(Why) - set(drawn) == {Why.ABSENT, Why.OTHER_KIND, Why.NO_SERVICE}
    assert Why.OTHER_KIND in WHY


def test_the_account_stands_by_nation_in_their_order(run, hub):
    order = [sensor.id for sensor in spells.told(run, hub, "L1")]
    assert order == ["JPN-Sado", "KOR-North", "USA-Shariki", "USA-IR-1"]


def test_a_sensor_that_never_sees_anything_is_named_with_what_kept_it_from_that(run, hub):
    assert spells.never(run, hub, "L1") == [
        "Green Pine, North Chungcheong (KOR) never sees it: below the horizon for 92 % of the flight; "
        "in view for 40 s, mostly too faint."
    ]


def test_the_caption_tells_when_each_nations_own_sensors_see_it(run, hub):
    said = spells.headline(run, hub, "L1").replace(NBSP, " ")
    assert (
        said
        == "Own sensors of Japan from T+100 s to T+400 s and the United States from T+40 s to T+300 s see it."
    )


def test_a_miss_between_two_looks_does_not_break_the_ribbon_but_is_kept_in_the_account(run, hub):
    """One second of three hundred is narrower than the line it would need."""
    sado = next(mine for sensor, mine in spells.told(run, hub, "L1").items() if sensor.id == "JPN-Sado")
    assert "missed" in {one.why for one in sado}
    text = spells.ribbon(run, hub, run.launches[0], "x")
    assert text.count("<svg") == 1
    assert re.search(r"Sado, JPN: T\+100.s to T\+400.s, 299 s of it", text)


def test_the_page_has_a_ribbon_for_each_arm_of_the_headline_and_each_launch(tmp_path, report):
    assert 'aria-labelledby="spells-bilateral-L1-title' in report
    assert 'aria-labelledby="spells-hub-L1-title' in report
    assert "spells-national-L1" not in report
    two = page(read_run(made.write_run(tmp_path / "two", arms=["hub"], launches=("L1", "L2"))))
    assert "spells-hub-L1-title" in two and "spells-hub-L2-title" in two


def test_burnout_apogee_and_impact_are_marked(report):
    figure = report[report.index('aria-labelledby="spells-hub-L1-title') :]
    figure = figure[: figure.index("</svg>")]
    for said in ("burnout T+149", "apogee T+650", "impact T+1300"):
        assert said in figure


def test_times_in_the_account_count_from_the_first_launch(tmp_path, run):
    late = read_run(made.write_run(tmp_path / "late", epoch_offset_s=3600.0))
    assert [arm.spells for arm in late.arms] == [arm.spells for arm in run.arms]


def test_a_folder_without_an_account_has_no_such_section(tmp_path):
    folder = made.write_run(tmp_path / "run", arms=["hub"])
    (folder / "hub" / "sights.parquet").unlink()
    assert "Who could see it, and why not" not in page(read_run(folder))
