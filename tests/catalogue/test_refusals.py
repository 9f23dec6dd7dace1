"""Every way a scenario file can be wrong: one error with file, field, value and what would do."""

import os

import pytest

from noroshi.catalogue.scenario import load_scenario
from noroshi.catalogue.template import new_scenario
from noroshi.errors import InputError

CLOUD = "cloud_break_km = { value = 8.0, low = 5.0, high = 12.0"
HIGH_CLOUD = 'confidence = "assumed", source = "assumption: high cloud"'
LINK = 'kind = "lognormal", median = 2.0'
BURN = 'low = { "threats.irbm-single-stage.burn_s" = 130.0 }'
MASK = "mask_deg = { value = -1.0"
FLIGHT = "flight_time_min = { value = 14.0, low = 13.0, high = 15.0"
GEO = (
    'longitude_deg = { value = 165.0, low = 140.0, high = 180.0, confidence = "assumed", '
    'source = "assumption: orbital slots are not published" }'
)


@pytest.mark.parametrize(
    "old, new, field, need",
    [
        # Names of profiles and nations.
        (
            '"j-fps-5"',
            '"j-fps5"',
            "sensors.JPN-Ominato.profile = 'j-fps5'",
            'is not a known sensor profile. Did you mean "j-fps-5"?',
        ),
        ('"j-fps-5"', "5", "sensors.JPN-Ominato.profile = 5", "must be a name in quotation marks."),
        ('profile = "j-fps-5"', "", "sensors.JPN-Ominato.profile", "is missing: name of a sensor profile."),
        (
            '"irbm-single-stage"',
            '"tank"',
            "launches.L1.threat = 'tank'",
            "is not a known threat profile. Known: glide, icbm, irbm-single-stage, mrbm, "
            "quasi-ballistic, space, srbm.",
        ),
        (
            '["JPN", "USA"]  #',
            '["JPN", "USB"]  #',
            "nations.1 = 'USB'",
            "is not a known nation. Known: AUS, GBR, JPN, KOR, USA.",
        ),
        (
            'nation = "JPN"',
            'nation = "KOR"',
            "sensors.JPN-Ominato.nation = 'KOR'",
            "is not among the scenario's nations. Known: JPN, USA.",
        ),
        (
            'nation = "JPN"',
            'nation = "Japan"',
            "sensors.JPN-Ominato.nation = 'Japan'",
            "must be three capital letters, ISO 3166 alpha-3, such as JPN.",
        ),
        (
            'between = ["JPN", "USA"]',
            'between = ["JPN", "AUS"]',
            "arms.bilateral.links.0.between = 'AUS'",
            "is not among the scenario's nations. Known: JPN, USA.",
        ),
        # Keys.
        (
            "boresight_deg",
            "boresite_deg",
            "sensors.JPN-Ominato.boresite_deg",
            'is not a known key. Did you mean "boresight_deg"?',
        ),
        (
            "apogee_km = { value",
            "apogee_km = { valeu",
            "launches.L1.apogee_km.valeu = 550.0",
            'Did you mean "value"?',
        ),
        (
            "duration_s = 1100.0",
            "duration_s = 1100.0\nspeed = 3",
            "speed = 3",
            "is not a known key. Known: arms, ",
        ),
        ("duration_s = 1100.0", 'duration_s = 1100.0\nfile = "x"', "file = 'x'", "is not a known key."),
        ("duration_s = 1100.0\n", "", "duration_s", "is missing: length of the run, s."),
        (
            "[arms.bilateral]\n",
            '[arms.bilateral]\nname = "b"\n',
            "arms.bilateral.name = 'b'",
            'must be "bilateral", the name it stands under. Leave it out.',
        ),
        # Types.
        (
            "apogee_km = { value = 550.0",
            'apogee_km = { value = "550.0"',
            "launches.L1.apogee_km.value = '550.0'",
            "must be a number. Without quotation marks: 550.0.",
        ),
        (
            "apogee_km = { value = 550.0",
            'apogee_km = { value = "high"',
            "launches.L1.apogee_km.value = 'high'",
            "must be a number.",
        ),
        (
            "apogee_km = { value = 550.0",
            "apogee_km = { value = true",
            "launches.L1.apogee_km.value = True",
            "must be a number.",
        ),
        (
            "apogee_km = { value = 550.0",
            "apogee_km = { value = nan",
            "launches.L1.apogee_km.value = nan",
            "must be a finite number.",
        ),
        (
            'title = "Ominato"',
            "title = 3",
            "sensors.JPN-Ominato.title = 3",
            "must be text in quotation marks.",
        ),
        ('title = "Ominato"', "present = 1", "sensors.JPN-Ominato.present = 1", "must be true or false."),
        ("[environment]", "[[environment]]", "environment", "must be a table."),
        ('["JPN", "USA"]  #', '"JPN"  #', "nations = 'JPN'", "must be a list."),
        ('["JPN", "USA"]  #', "[]  #", "nations = []", "must hold at least 1 of them."),
        (
            "duration_s = 1100.0",
            "duration_s = 1100.0\nthreats = 3",
            "threats = 3",
            "must be a table, [threats.NAME].",
        ),
        # Numbers and their sources.
        (
            CLOUD + ", " + HIGH_CLOUD,
            "cloud_break_km = { value = 8.0",
            "environment.cloud_break_km.source",
            'is missing: where the number stands, or "assumption: why".',
        ),
        (
            "cloud_break_km = { value = 8.0, low = 5.0, high = 12.0, " + HIGH_CLOUD + " }",
            "cloud_break_km = 8.0",
            "environment.cloud_break_km = 8.0",
            "must be a table, for every number states its source. Write { value = 8.0,",
        ),
        (
            HIGH_CLOUD,
            'confidence = "assumed", source = "I think so"',
            "environment.cloud_break_km.source = 'I think so'",
            'must begin with "assumption:", for the confidence is "assumed".',
        ),
        (
            HIGH_CLOUD,
            'confidence = "oficial", source = "x"',
            "environment.cloud_break_km.confidence = 'oficial'",
            "must be 'official', 'published', 'derived' or 'assumed'. Did you mean \"official\"?",
        ),
        (
            CLOUD,
            "cloud_break_km = { value = 8.0",
            "environment.cloud_break_km.low",
            "is missing: an assumption states the range it may lie in.",
        ),
        # Bounds and units.
        (
            "launch_lat_deg = { value = 39.200159",
            "launch_lat_deg = { value = 139.2",
            "launches.L1.launch_lat_deg = 139.2",
            "must be at least -90 and at most 90 deg.",
        ),
        (
            "apogee_km = { value = 550.0",
            "apogee_km = { value = 550000.0",
            "launches.L1.apogee_km = 550000.0",
            "must be above 0 and at most 20000 km. If this is metres, write 550.",
        ),
        (
            "apogee_km = { value = 550.0",
            "apogee_km = { value = -5.0",
            "launches.L1.apogee_km = -5.0",
            "must be above 0",
        ),
        (
            "apogee_km = { value = 550.0",
            "apogee_km = { value = 0",
            "launches.L1.apogee_km = 0.0",
            "must be above 0",
        ),
        (
            "range_km = { value = 2700.0",
            "range_km = { value = 27000.0",
            "launches.L1.range_km = 27000.0",
            "must be above 0 and at most 20000 km.",
        ),
        (
            FLIGHT,
            "flight_time_min = { value = 840.0",
            "launches.L1.flight_time_min = 840.0",
            "must be above 0 and at most 180 min. If this is seconds, write 14.",
        ),
        (
            CLOUD,
            "cloud_break_km = { value = 8000.0, low = 5000.0, high = 12000.0",
            "environment.cloud_break_km = 8000.0",
            "If this is metres, write 8.",
        ),
        ("duration_s = 1100.0", "duration_s = -1", "duration_s = -1.0", "must be above 0"),
        (
            "loss_probability = { value = 0.01, low = 0.0, high = 0.05",
            "loss_probability = { value = 5, low = 0, high = 9",
            "arms.bilateral.links.0.loss_probability = 5.0",
            "must be at least 0 and at most 1. If this is per cent, write 0.05.",
        ),
        # Pairs that cannot be.
        (
            "apogee_km = { value = 550.0",
            "apogee_km = { value = 5.0",
            "launches.L1.apogee_km = 5.0",
            "is too low for range_km = 2700: no ballistic flight stays below 2 % of its range.",
        ),
        (
            FLIGHT,
            "flight_time_min = { value = 4.0",
            "launches.L1.flight_time_min = 4.0",
            "is impossible with apogee_km = 550: the fall alone takes 5.6 min.",
        ),
        (
            "apogee_spread_km = { value = 10.0, low = 0.0, high = 25.0",
            "apogee_spread_km = { value = 600, low = 0, high = 700",
            "launches.L1.apogee_spread_km = 600.0",
            "must be below apogee_km = 550.",
        ),
        (
            "duration_s = 1100.0",
            "duration_s = 500.0",
            "duration_s = 500.0",
            'must be above 840 s, when the flight of launch "L1" ends.',
        ),
        ("launch_time_s = 0.0", "launch_time_s = 2000.0", "duration_s = 1100.0", "must be above 2840 s"),
        (
            'bearing_convention = "great-circle"',
            'bearing_convention = "greatcircle"',
            "launches.L1.bearing_convention = 'greatcircle'",
            'Did you mean "great-circle"?',
        ),
        # Times.
        (
            "epoch_utc = 2017-08-28T20:58:00Z",
            'epoch_utc = "2017-08-28"',
            "epoch_utc = '2017-08-28'",
            "must be a date and time, such as 2022-10-03T22:22:00Z, without quotation marks.",
        ),
        (
            "2017-08-28T20:58:00Z",
            "2017-08-28T20:58:00",
            "epoch_utc = '2017-08-28T20:58:00'",
            "must be UTC: end it with a Z.",
        ),
        ("2017-08-28T20:58:00Z", "2017-08-29T05:58:00+09:00", "epoch_utc", "must be UTC: end it with a Z."),
        (
            "outages = []",
            "outages = [[600, 300]]",
            "arms.bilateral.links.0.outages.0 = [600.0, 300.0]",
            "must be [start, end] with the end after the start",
        ),
        ("outages = []", "outages = [[600]]", "arms.bilateral.links.0.outages.0.1", "is missing."),
        # Places.
        (
            GEO,
            "",
            "sensors.USA-IR-1.longitude_deg",
            'is missing: the infrared profile "geo-infrared" needs longitude_deg or orbit or walker.',
        ),
        (
            GEO,
            GEO + '\nheight_m = { value = 3.0, confidence = "derived", source = "x" }',
            "sensors.USA-IR-1.height_m",
            'the infrared profile "geo-infrared" stands at longitude_deg or orbit or walker.',
        ),
        (
            'height_m = { value = 879.0, confidence = "published", source = "summit of Mount Kamafuse" }',
            "",
            "sensors.JPN-Ominato.height_m",
            'is missing: the radar profile "j-fps-5" needs lat_deg, lon_deg, height_m or moves.',
        ),
        (
            'boresight_deg = { value = 275.0, low = 255.0, high = 295.0, confidence = "assumed", '
            'source = "assumption: over the Sea of Japan" }',
            "",
            "sensors.JPN-Ominato.boresight_deg",
            'is missing: the radar profile "j-fps-5" sees a sector of 120 deg.',
        ),
        (
            MASK,
            "mask_deg = { points = [[10, 2], [5, 3]]",
            "sensors.JPN-Ominato.mask_deg.points",
            "must have azimuths that rise, from 0 to 360 deg.",
        ),
        (
            MASK,
            "mask_deg = { points = [[10, 95]]",
            "sensors.JPN-Ominato.mask_deg.points.0 = [10.0, 95.0]",
            "must have an elevation from -5 to 90 deg.",
        ),
        (
            MASK,
            "mask_deg = { points = [[10, 1]], value = -1.0",
            "sensors.JPN-Ominato.mask_deg",
            "must have either value or points.",
        ),
        # Given twice, or to itself.
        ('["JPN", "USA"]  #', '["JPN", "USA", "JPN"]  #', "nations.2 = 'JPN'", "is given twice."),
        (
            'id = "USA-IR-1"',
            'id = "JPN-Ominato"',
            "sensors.JPN-Ominato.id = 'JPN-Ominato'",
            "is given twice.",
        ),
        (
            'between = ["JPN", "USA"]',
            'between = ["JPN", "JPN"]',
            "arms.bilateral.links.0.between = ['JPN', 'JPN']",
            "must join two different nations.",
        ),
        (
            'between = ["JPN", "USA"]',
            'between = ["JPN"]',
            "arms.bilateral.links.0.between = ['JPN']",
            "must hold at least 2 of them.",
        ),
        ('id = "L1"', 'id = "L 1"', "launches.L 1.id = 'L 1'", "must be letters, digits, - and _ only"),
        # Spreads.
        (
            LINK,
            'kind = "lognormal"',
            "arms.bilateral.links.0.delay_s.median",
            "is missing: a lognormal spread needs median, sigma, low, high.",
        ),
        (
            LINK,
            'kind = "lognorm", median = 2.0',
            "arms.bilateral.links.0.delay_s.kind = 'lognorm'",
            'Did you mean "lognormal"?',
        ),
        (
            LINK,
            'kind = "lognormal", median = 200.0',
            "arms.bilateral.links.0.delay_s.median = 200.0",
            "must lie between low and high, 0.5 to 15.0.",
        ),
        # Arms and sensitivities.
        (
            'policies = "bilateral"',
            'policies = "bilat"',
            "arms.bilateral.policies = 'bilat'",
            'is neither a shipped policy folder nor a folder beside this file. Did you mean "bilateral"?',
        ),
        (
            "outages = []",
            'outages = []\n[[arms.bilateral.relay]]\nvia = "USA"\ndelay_s = { kind = "fixed", value = 1.0, '
            'source = "x", confidence = "derived" }',
            "arms.bilateral.relay.USA.via = 'USA'",
            "must have links to two nations in this arm, for it stands between them.",
        ),
        (
            BURN,
            'low = { "threats.irbm-single-stage.burn" = 130.0 }',
            'sensitivity.burn.low."threats.irbm-single-stage.burn" = 130.0',
            'names no field. Did you mean "burn_s"?',
        ),
        (
            BURN,
            'low = { "threats.irbm-single-stage" = 130.0 }',
            'sensitivity.burn.low."threats.irbm-single-stage" = 130.0',
            "names a table, not a field of one.",
        ),
        (
            BURN,
            'low = { "threats.irbm-single-stage.burn_s" = true }',
            'sensitivity.burn.low."threats.irbm-single-stage.burn_s" = True',
            "must be a number.",
        ),
        (
            BURN,
            'low = { "threats.irbm-single-stage.burn_s" = "x" }',
            "sensitivity.burn.low",
            "must be a number, true or false.",
        ),
        (
            BURN,
            'low = { "threats.irbm-single-stage.burn_s" = -130.0 }',
            "sensitivity.burn.low: threats.irbm-single-stage.burn_s = -130.0",
            "must be above 0 and at most 600 s.",
        ),
        # TOML itself.
        (
            "duration_s = 1100.0",
            "duration_s = 1100.0.0",
            "line 19 = 'duration_s = 1100.0.0",
            "is not valid TOML: expected newline",
        ),
        (
            "duration_s = 1100.0",
            "duration_s = 1100.0\nduration_s = 3",
            "line 20 = 'duration_s = 3'",
            "is not valid TOML: cannot overwrite a value.",
        ),
    ],
)
def test_a_wrong_scenario_is_refused_in_words_that_help(refusal, old, new, field, need):
    where, said = refusal(old, new).split("\n", 1)
    assert where.startswith(f"probe.toml: {field}")
    assert need in said


RADAR = """
[profiles.mine]
title = "Mine"
kind = "radar"
search_range_km = { value = 500, cross_section_m2 = 1.0, snr_db = 13.0, confidence = "derived", source = "x" }
cued_range_km = { value = 800, cross_section_m2 = 1.0, snr_db = 13.0, confidence = "derived", source = "x" }
""" + "\n".join(
    f'{name} = {{ value = {value}, source = "x", confidence = "published" }}'
    for name, value in {
        "instrumented_range_km": 900, "antenna_height_m": 5, "sector_deg": 360, "elevation_min_deg": 0,
        "elevation_max_deg": 80, "fence_low_deg": 1, "fence_high_deg": 5, "search_revisit_s": 5,
        "track_revisit_s": 1, "false_alarm_probability": 1e-6, "sigma_range_m": 30, "sigma_angle_mrad": 1,
        "beamwidth_deg": 1, "bias_range_m": 50, "bias_angle_mrad": 0.5, "believed_bias_factor": 0.7,
    }.items()
)  # fmt: skip


@pytest.mark.parametrize(
    "old, new, field, need",
    [
        (
            ", cross_section_m2 = 1.0, snr_db = 13.0",
            "",
            "profiles.mine.search_range_km.cross_section_m2",
            "is missing: target cross-section the range holds for, m2.",
        ),
        (
            ", snr_db = 13.0",
            "",
            "profiles.mine.search_range_km.snr_db",
            "is missing: signal-to-noise of one look",
        ),
        (
            "value = 500,",
            "value = 0,",
            "profiles.mine.search_range_km = 0.0",
            "must be at least 1 and at most 50000 km.",
        ),
        (
            "value = 500,",
            "value = 500000,",
            "profiles.mine.search_range_km = 500000.0",
            "If this is metres, write 500.",
        ),
        (
            "value = 500,",
            "value = 900,",
            "profiles.mine.cued_range_km = 800.0",
            "for its target and signal-to-noise it is 800 km against 900 km.",
        ),
        (
            "sector_deg = { value = 360",
            "sector_deg = { value = 400",
            "profiles.mine.sector_deg = 400.0",
            "must be above 0 and at most 360 deg.",
        ),
        (
            "elevation_max_deg = { value = 80",
            "elevation_max_deg = { value = -1",
            "profiles.mine.elevation_max_deg = -1.0",
            "must be above elevation_min_deg = 0.0.",
        ),
        (
            "fence_high_deg = { value = 5",
            "fence_high_deg = { value = 1",
            "profiles.mine.fence_high_deg = 1.0",
            "must be above fence_low_deg = 1.0.",
        ),
        (
            "sigma_range_m = { value = 30",
            "sigma_range_m = { value = 0.03",
            "profiles.mine.sigma_range_m = 0.03",
            "If this is kilometres, write 30.",
        ),
        (
            'kind = "radar"',
            'kind = "sonar"',
            "profiles.mine.kind = 'sonar'",
            'must be "radar", "skywave" or "infrared".',
        ),
        (
            'title = "Mine"',
            'title = "Mine"\nname = "yours"',
            "profiles.mine.name = 'yours'",
            'must be "mine", the name it stands under.',
        ),
    ],
)
def test_a_wrong_profile_is_refused_in_words_that_help(refusal, old, new, field, need):
    assert old in RADAR
    where, said = refusal("[as_it_was]", RADAR.replace(old, new, 1) + "\n[as_it_was]").split("\n", 1)
    assert where.startswith(f"probe.toml: {field}")
    assert need in said


def test_a_file_may_bring_its_own_profile(tmp_path):
    file = tmp_path / "own.toml"
    text = new_scenario("own").replace('"j-fps-5"', '"mine"').replace("[as_it_was]", RADAR + "\n[as_it_was]")
    file.write_text(text, encoding="utf-8")
    assert load_scenario(file).sensors[0].profile.title == "Mine"


def own_policies(folder, text):
    for nation in ("JPN", "USA"):
        (folder / f"{nation}.cedar").write_text(text, encoding="utf-8")


RULE = """@id("warn-the-partner")
@reason("it is under it")
permit (principal == Nation::"JPN", action == Action::"address", resource == Nation::"{}");
"""


def test_a_label_for_an_unknown_nation_is_refused(tmp_path):
    """Whom a nation writes for stands in its policy."""
    file = tmp_path / "probe.toml"
    file.write_text(
        new_scenario("probe").replace('policies = "bilateral"', 'policies = "mine"'), encoding="utf-8"
    )
    (tmp_path / "mine").mkdir()
    own_policies(tmp_path / "mine", RULE.format("USA"))
    assert load_scenario(file).arms["bilateral"].policies == "mine"
    own_policies(tmp_path / "mine", RULE.format("JPX"))
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    assert str(caught.value) == (
        f"{tmp_path}/mine/JPN.cedar: line 3: Nation = 'JPX'\n"
        "  is not a known nation. Known: AUS, GBR, JPN, KOR, USA."
    )


@pytest.mark.parametrize(
    "content, said",
    [
        (b'name = "caf\xe9"\n', "byte 11\n  is not UTF-8 text. Save the file as UTF-8."),
        (b"", "is missing: one line for a reader."),
        (b'name = "x', "is not valid TOML"),
        (b"\x00\x01\x02", "is not valid TOML"),
        (b"a = " + b"[" * 5000, "is nested too deeply."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, content, said):
    file = tmp_path / "probe.toml"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    assert said in str(caught.value) or (not content and "is missing" in str(caught.value))


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(InputError, match="is a folder; name a file"):
        load_scenario(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_locked_file_is_refused(tmp_path):
    file = tmp_path / "probe.toml"
    file.write_text(new_scenario("probe"))
    file.chmod(0)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        load_scenario(file)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "probe.toml"
    file.write_text("\ufeff" + new_scenario("probe"), encoding="utf-8")
    assert load_scenario(file).name == "probe"
