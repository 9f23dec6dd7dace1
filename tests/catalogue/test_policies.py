import re
import shutil

import pytest

from noroshi.catalogue.policies import SHIPPED, load_policies, shipped_arms
from noroshi.errors import InputError

NATIONS = ("JPN", "KOR", "USA")
FIVE = ("AUS", "GBR", *NATIONS)
FOR = {
    "national": FIVE,
    "bilateral": NATIONS,
    "hub": NATIONS,
    "direct": NATIONS,
    "five-bilateral": FIVE,
    "five-hub": FIVE,
    "mesh": FIVE,
}


def test_the_arms_of_three_nations_and_of_five_are_shipped():
    assert set(shipped_arms()) == set(FOR)


@pytest.mark.parametrize("arm", shipped_arms())
def test_each_shipped_policy_speaks_for_its_nation_and_names_a_basis(arm):
    for nation, policy in load_policies(arm, FOR[arm]).items():
        assert policy.nation == nation
        principals = set(re.findall(r'principal == Nation::"(\w+)"', policy.text))
        assert principals == {nation}
        assert "https://" in policy.text or "Assumption" in policy.text
        rules = re.findall(r'@id\("([^"]+)"\)', policy.text)
        assert all(rule.startswith(arm + "-") for rule in rules)


def test_the_hub_says_that_it_is_retroactive():
    for policy in load_policies("hub", NATIONS).values():
        assert "Retroactive: the mechanism began on 19 December 2023" in policy.text


def test_a_folder_of_ones_own_is_read(tmp_path):
    shutil.copy(SHIPPED / "hub" / "JPN.cedar", tmp_path / "JPN.cedar")
    own = load_policies(tmp_path, ["JPN"])
    assert own["JPN"].sha256 == load_policies("hub", ["JPN"])["JPN"].sha256


def test_the_hash_is_of_the_files_bytes(tmp_path):
    (tmp_path / "AUS.cedar").write_bytes(b"// nothing leaves\r\n")
    (tmp_path / "GBR.cedar").write_bytes(b"// nothing leaves\n")
    own = load_policies(tmp_path, ["AUS", "GBR"])
    assert own["AUS"].sha256 != own["GBR"].sha256


def test_an_unknown_arm_is_told_the_shipped_ones():
    with pytest.raises(InputError) as error:
        load_policies("huub", NATIONS)
    assert str(error.value) == (
        "huub\n  must be a folder of policies or one of the shipped arms: bilateral, direct, five-bilateral, "
        "five-hub, hub, mesh, national."
    )


def test_a_nation_without_a_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"AUS\.cedar\n  must exist: it says what AUS releases"):
        load_policies(tmp_path, ["AUS"])


def test_what_is_no_cedar_is_shown_with_file_line_and_cedars_own_words(tmp_path):
    text = '// mine\n@id("a") @reason("b")\npermit (principal, action, resource);\npermt (principal);\n'
    (tmp_path / "JPN.cedar").write_text(text)
    with pytest.raises(InputError) as error:
        load_policies(tmp_path, ["JPN"])
    assert str(error.value) == (
        f"{tmp_path / 'JPN.cedar'}\n"
        "  must be a Cedar policy, but: invalid policy effect: permt. Look below line 3."
    )


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "JPN.cedar").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        load_policies(tmp_path, ["JPN"])


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "JPN.cedar").mkdir()
    with pytest.raises(InputError, match=r"JPN\.cedar\n  must be a readable text file"):
        load_policies(tmp_path, ["JPN"])
