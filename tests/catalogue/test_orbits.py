import json

import pytest

from noroshi.catalogue.orbits import read_elements
from noroshi.errors import InputError
from tests.flight.test_elements import OMM, VANGUARD, written


@pytest.mark.parametrize(
    "text, name",
    [
        (VANGUARD, "00005"),
        (VANGUARD.replace("\n", "\r\n"), "00005"),
        (f"\ufeffVANGUARD 1\n{VANGUARD}", "VANGUARD 1"),
        *((written(form, OMM), "VANGUARD 1") for form in ("JSON", "XML", "KVN", "CSV")),
    ],
)
def test_a_file_is_read_by_what_it_holds_and_not_by_its_name(tmp_path, text, name):
    path = tmp_path / "elements.txt"
    path.write_bytes(text.encode())
    assert read_elements(path).name == (name,)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "is empty."),
        ("No GP data found", "line 1 = 'No GP data found'\n  is neither a TLE (lines that begin with \"1 \""),
        (VANGUARD.replace("34.2682", "34.2683"), "line 2 = '2 00005  34.2683"),
        (json.dumps(OMM | {"BSTAR": None}), "VANGUARD 1.BSTAR\n  is missing"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ],
)
def test_a_file_that_holds_no_elements_is_refused_by_name(tmp_path, text, said):
    path = tmp_path / "elements.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as refused:
        read_elements(path)
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_elements(tmp_path / "nowhere.tle")
