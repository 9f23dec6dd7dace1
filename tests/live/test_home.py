"""A nation's folder: read back as it was written, and every fault in it said with its place."""

import json
from dataclasses import replace

import pytest
import tomli_w

from noroshi.errors import InputError
from noroshi.live import federation
from noroshi.live import home as homes

EPOCH = "2026-01-01T00:00:00Z"


@pytest.fixture
def pair(tmp_path):
    """Homes of USA (accepts) and JPN (dials), and of KOR, which has a line to USA only."""
    nations = ["USA", "JPN", "KOR"]
    return federation.init_exercise(tmp_path, nations, federation.star(nations, "USA"), EPOCH, {})


def test_a_home_is_read_from_its_folder_or_its_settings(pair):
    home = pair["JPN"]
    again = homes.load_home(home.folder / "node.toml")
    assert (again.settings, again.own_keys) == (home.settings, home.own_keys)
    assert (again.partners, again.known) == (home.partners, home.known)
    assert (home.nation, home.exercise, home.epoch_utc) == ("JPN", True, EPOCH)
    assert home.epoch_unix_s == 1_767_225_600.0
    assert home.client_url == f"nats://127.0.0.1:{home.settings.server.client_port}"


def test_settings_come_back_as_they_were_written(pair, tmp_path):
    homes.write_settings(tmp_path, pair["USA"].settings)
    assert homes.read_settings(tmp_path) == pair["USA"].settings


def test_who_dials_knows_where_and_who_accepts_knows_whom(pair):
    usa, jpn = pair["USA"], pair["JPN"]
    assert (usa.partners["JPN"].role, jpn.partners["USA"].role) == ("accepts", "dials")
    assert jpn.partners["USA"].leaf_url == usa.leaf_url == f"tls://{usa.leaf_listen}"
    assert usa.partners["JPN"].leaf_public_nkey == jpn.nkey("leaf-USA").public
    assert jpn.partner_ca_path("USA").read_text() == usa.ca_path.read_text()


def test_the_bundle_holds_exactly_the_own_ca_and_those_of_partners(pair):
    usa = pair["USA"]
    expected = {home.ca_path.read_text() for home in pair.values()}
    found = usa.ca_bundle_path.read_text().split("-----END CERTIFICATE-----\n")
    assert {f"{one}-----END CERTIFICATE-----\n" for one in found if one} == expected
    homes.remove_partner(usa.folder, "KOR")
    assert pair["KOR"].ca_path.read_text() not in usa.ca_bundle_path.read_text()


def test_a_nation_without_a_line_is_known_and_no_partner(pair):
    jpn, kor = pair["JPN"], pair["KOR"]
    assert set(jpn.partners) == {"USA"}
    assert set(jpn.known) == {"KOR"}
    key = kor.signer.public
    assert jpn.keyring.find(key.kid, key.valid_from_s + 1) == key


def test_a_partners_own_word_goes_before_what_another_says_of_it(pair):
    jpn, kor, usa = pair["JPN"], pair["KOR"], pair["USA"]
    homes.write_known(jpn.folder, homes.Known("USA", "KOR", (usa.signer.public,), 0.0, {}))
    homes.write_known(jpn.folder, homes.Known("USA", "KOR", (replace(usa.signer.public),), 0.0, {}))
    again = homes.load_home(jpn.folder)
    held = [key for key in again.keyring.keys if key.nation == "USA"]
    assert held == [usa.signer.public]
    assert kor.signer.public in again.keyring.keys


@pytest.mark.parametrize(
    "field, value, said",
    [
        ("nation", "Japan", "three capital letters"),
        ("nation", "CHE", "must be one of positions"),
        ("exercise", "yes", "true or false"),
        ("epoch_utc", "2026-01-01", "with its zone"),
        ("epoch_utc", "soon", "with its zone"),
        ("positions", ["USA", "JPN", "JPN"], "each nation once"),
        ("positions", ["JPN"], "at least 2"),
        ("federation", "a b", "letters, digits"),
        ("colour", "red", "not a known key"),
        ("server", {"client_port": 70_000, "monitor_port": 1}, "at most 65535"),
        ("server", {"client_port": 4222}, "is missing"),
        ("server", {"client_port": 4222, "monitor_port": 1, "host": "a b"}, "must fit"),
        ("clock", {"kind": "sun"}, "'wall' or 'exercise'"),
        ("clock", {"speed": 0.0}, "above 0"),
        ("desk", {"scenario": "x"}, "is missing"),
    ],
)
def test_a_wrong_setting_is_refused_with_file_and_field(pair, field, value, said):
    folder = pair["JPN"].folder
    table = pair["JPN"].settings.model_dump(mode="json", exclude_none=True)
    (folder / "node.toml").write_text(tomli_w.dumps({**table, field: value}))
    with pytest.raises(InputError, match=said) as refusal:
        homes.load_home(folder)
    assert refusal.value.where == str(folder / "node.toml")
    assert refusal.value.field.startswith(field)


def test_a_folder_without_settings_is_no_home(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        homes.load_home(tmp_path)
    with pytest.raises(InputError, match="a nation's home is needed"):
        homes.load_home(tmp_path / "nothing")


def test_a_live_node_takes_no_exercise_keys_and_the_other_way_round(pair, tmp_path):
    home = pair["JPN"]
    homes.write_settings(home.folder, home.settings.model_copy(update={"exercise": False}))
    with pytest.raises(InputError, match="must be LIVE"):
        homes.load_home(home.folder)
    live = federation.make_home(tmp_path / "live", "JPN", exercise=False, federation="x", epoch_utc=EPOCH)
    homes.write_settings(live.folder, live.settings.model_copy(update={"exercise": True}))
    with pytest.raises(InputError, match="must be EXERCISE"):
        homes.load_home(live.folder)


def test_a_live_home_takes_no_partner_of_an_exercise(pair, tmp_path):
    live = federation.make_home(tmp_path / "live", "JPN", exercise=False, federation="x", epoch_utc=EPOCH)
    partner = pair["JPN"].partners["USA"]
    for wrong in (partner, replace(partner, exercise=False)):  # the second hides behind its own flag
        homes.write_partner(live.folder, wrong)
        with pytest.raises(InputError, match="is marked EXERCISE, but this node is LIVE"):
            homes.load_home(live.folder)
    homes.remove_partner(live.folder, "USA")
    homes.write_known(live.folder, pair["JPN"].known["KOR"])
    with pytest.raises(InputError, match="do not mix"):
        homes.load_home(live.folder)


@pytest.mark.parametrize("text", ["", "7", "{}", '{"nation": "USA"}', "[" * 100])
def test_a_partners_file_that_is_none_is_refused(pair, text):
    path = pair["JPN"].folder / "partners" / "USA.json"
    path.write_text(text)
    with pytest.raises(InputError) as refusal:
        homes.load_home(pair["JPN"].folder)
    assert refusal.value.where == str(path)


def test_a_partners_file_under_another_name_is_refused(pair):
    folder = pair["JPN"].folder / "partners"
    (folder / "USA.json").rename(folder / "KOR.json")
    with pytest.raises(InputError, match="must be KOR"):
        homes.load_home(pair["JPN"].folder)


def test_a_partner_with_the_keys_of_another_nation_is_refused(pair):
    folder = pair["JPN"].folder
    partner, key = pair["JPN"].partners["USA"], pair["KOR"].signer.public
    homes.write_partner(folder, replace(partner, keys=(key,)))
    with pytest.raises(InputError, match="must be USA"):
        homes.load_home(folder)


def test_no_secret_stands_outside_the_folder_of_keys(pair):
    for home in pair.values():
        seeds = {raw.hex() for raw in home.signer.private_bytes().values()}
        seeds |= {json.loads(path.read_text())["seed"] for path in home.keys_path.glob("*.nk")}
        for path in home.folder.rglob("*"):
            if path.is_file() and path.parent != home.keys_path:
                text = path.read_text()
                assert "PRIVATE KEY" not in text
                assert not [seed for seed in seeds if seed in text], path
