"""Keys and certificates of one nation: who may read them, what they are good for."""

import stat

import nkeys
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from noroshi.errors import InputError
from noroshi.live import identity

NOW = 1_780_000_000.0


@pytest.fixture
def folder(tmp_path):
    """The folder of secrets of a fresh nation in an exercise."""
    place = tmp_path / "keys"
    identity.make_folder(place)
    identity.write_own(place, [identity.new_signer("JPN", True, NOW)])
    identity.make_certificates(place, "JPN", True, ["border.example", "127.0.0.1"])
    identity.nkey(place, "leaf-USA", True)
    return place


def test_every_secret_is_for_its_owner_only(folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name


@pytest.mark.parametrize("name", ["sign.json", "server.key", "ca.key", "leaf-USA.nk"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused_with_what_to_do(folder, name, mode):
    (folder / name).chmod(mode)
    with pytest.raises(InputError, match="can be read by others") as refusal:
        identity.read_own(folder, "JPN", True, NOW)
        identity.check_certificates(folder, "JPN", True)
        identity.nkey(folder, "leaf-USA", True)
    assert f"chmod 0600 {folder / name}" in str(refusal.value)


def test_a_folder_of_keys_that_others_can_enter_is_refused(folder):
    folder.chmod(0o755)
    with pytest.raises(InputError, match="can be read by others"):
        identity.read_own(folder, "JPN", True, NOW)


def test_a_signer_comes_back_as_it_was_written(folder):
    own = identity.read_own(folder, "JPN", True, NOW)
    data = b"what was signed before"
    assert own.signer.public.verify(own.signer.sign(data), data)
    assert own.signer.public.verify_pq(own.signer.sign_pq(data), data)
    assert own.keys == (own.signer.public,)


@pytest.mark.parametrize("nation, exercise, word", [("KOR", True, "KOR"), ("JPN", False, "LIVE")])
def test_keys_of_another_nation_or_marking_are_refused(folder, nation, exercise, word):
    for read in (
        lambda: identity.read_own(folder, nation, exercise, NOW),
        lambda: identity.check_certificates(folder, nation, exercise),
    ):
        with pytest.raises(InputError, match=f"must be {word}"):
            read()


def test_an_nkey_is_marked_too(folder):
    with pytest.raises(InputError, match="must be LIVE"):
        identity.nkey(folder, "leaf-USA", False)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"signers": []}', "\x00", '{"signers": [{"public": {}}]}'])
def test_a_file_that_holds_no_key_is_refused(folder, text):
    identity.replace(folder / "sign.json", text.encode(), 0o600)
    with pytest.raises(InputError, match="holds no signing key"):
        identity.read_own(folder, "JPN", True, NOW)


def test_a_key_that_has_run_out_does_not_sign(folder):
    with pytest.raises(InputError, match="has run out 1 days ago"):
        identity.read_own(folder, "JPN", True, NOW + (identity.SIGNING_DAYS[True] + 1) * 86_400)


def test_a_next_key_signs_from_its_time_on_and_a_revoked_one_never(folder):
    old, new = identity.new_signer("JPN", True, NOW), identity.new_signer("JPN", True, NOW, NOW + 100)
    identity.write_own(folder, [old, new])
    assert identity.read_own(folder, "JPN", True, NOW + 99).signer.public == old.public
    assert identity.read_own(folder, "JPN", True, NOW + 101).signer.public == new.public
    identity.write_own(folder, [old, new], (), {old.public.kid: NOW})
    with pytest.raises(InputError, match="is revoked"):
        identity.read_own(folder, "JPN", True, NOW + 99)


def test_the_servers_certificate_is_good_for_both_ends_under_its_own_ca_alone(folder, tmp_path):
    other = tmp_path / "other"
    identity.make_folder(other)
    identity.make_certificates(other, "KOR", True, ["border.example"])
    cert, ca = x509.load_pem_x509_certificates((folder / "server.pem").read_bytes())
    stranger = x509.load_pem_x509_certificate((other / "ca.pem").read_bytes())
    verify = PolicyBuilder().store(Store([ca])).build_server_verifier(x509.DNSName("border.example"))
    assert verify.verify(cert, []) == [cert, ca]
    with pytest.raises(VerificationError):
        PolicyBuilder().store(Store([stranger])).build_server_verifier(x509.DNSName("border.example")).verify(
            cert, []
        )
    usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    assert "EXERCISE" in cert.subject.rfc4514_string()


def test_a_new_certificate_leaves_the_ca_that_partners_know(folder):
    before = (folder / "ca.pem").read_bytes(), (folder / "server.pem").read_bytes()
    identity.renew_certificate(folder, "JPN", True, ["localhost"])
    assert (folder / "ca.pem").read_bytes() == before[0]
    assert (folder / "server.pem").read_bytes() != before[1]
    identity.check_certificates(folder, "JPN", True)


@pytest.mark.parametrize("name", ["server.pem", "server.key"])
def test_what_is_no_ca_is_not_taken_for_one(folder, name):
    with pytest.raises(InputError, match="CA"):
        identity.read_ca((folder / name).read_text(), "JPN", True, "request")


def test_an_nkey_is_what_the_servers_own_library_makes_of_the_seed():
    key = identity.new_nkey()
    pair = nkeys.from_seed(bytearray(key.seed.encode()))
    assert bytes(pair.public_key).decode() == key.public
    assert identity.is_nkey(key.public)
    assert key.seed not in repr(key)


@pytest.mark.parametrize("place", range(1, 56, 9))
def test_an_nkey_with_another_letter_is_none(place):
    public = identity.new_nkey().public
    other = "A" if public[place] != "A" else "B"
    assert not identity.is_nkey(public[:place] + other + public[place + 1 :])


@pytest.mark.parametrize("value", [None, 7, "", "U", "u" * 56, "U" + "1" * 55])
def test_other_things_are_no_nkeys(value):
    assert not identity.is_nkey(value)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    identity.replace(path, b"old", 0o600)

    def fails(*_):
        raise OSError("no space")

    monkeypatch.setattr(identity.os, "replace", fails)
    with pytest.raises(OSError, match="no space"):
        identity.replace(path, b"new", 0o600)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
