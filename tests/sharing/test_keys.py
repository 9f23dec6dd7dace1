"""Keys: they count for one nation, in their time, until they are revoked."""

import json
import math

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey

from noroshi.errors import Refused
from noroshi.sharing import keys

USA = keys.generate("USA", True, 100.0, 200.0, cell="ops")
# RFC 8032, 7.1: secret key, public key, message, signature.
PUBLISHED = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize("secret, public, message, signature", PUBLISHED)
def test_signatures_are_those_of_the_published_examples(secret, public, message, signature):
    seed = bytes(32)
    mldsa65 = MLDSA65PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
    ed25519 = bytes.fromhex(public)
    key = keys.PublicKey("USA", "", keys.kid_of(ed25519, mldsa65), ed25519, mldsa65, True, 0.0, 1.0)
    signer = keys.from_private(key, {"ed25519": bytes.fromhex(secret), "mldsa65": seed})
    assert signer.sign(bytes.fromhex(message)).hex() == signature
    assert key.verify(bytes.fromhex(signature), bytes.fromhex(message))
    assert not key.verify(bytes.fromhex(signature), bytes.fromhex(message) + b"\0")


def test_a_public_key_goes_through_a_file():
    told = json.loads(json.dumps(USA.public.to_dict()))
    assert keys.PublicKey.from_dict(told) == USA.public
    assert USA.public.kid == keys.kid_of(USA.public.ed25519, USA.public.mldsa65)
    assert len(USA.public.kid) == 16
    assert USA.public.fingerprint.replace(" ", "").startswith(USA.public.kid)


def test_private_keys_go_through_a_file_and_sign_as_before():
    again = keys.from_private(USA.public, USA.private_bytes())
    assert again.sign(b"words") == USA.sign(b"words")
    assert USA.public.verify_pq(again.sign_pq(b"words"), b"words")
    assert not USA.public.verify_pq(again.sign_pq(b"words"), b"other words")
    assert not USA.public.verify_pq(b"", b"words")
    assert not USA.public.verify(b"", b"words")


def test_a_signer_shown_in_a_log_shows_no_private_key():
    shown = repr(USA)
    for secret in USA.private_bytes().values():
        assert secret.hex() not in shown and repr(secret)[2:-1] not in shown
    assert "PrivateKey" not in shown


def test_two_drawn_keys_differ():
    assert keys.generate("USA", True, 0.0, 1.0).public.kid != keys.generate("USA", True, 0.0, 1.0).public.kid


@pytest.mark.parametrize(
    "change",
    [
        {"nation": "usa"}, {"nation": ""}, {"nation": None}, {"cell": "a b"}, {"cell": 1}, {"kid": "0" * 16},
        {"kid": None}, {"ed25519": ""}, {"ed25519": 5}, {"ed25519": "AAAA"}, {"ed25519": "é" * 44},
        {"mldsa65": "AAAA"}, {"mldsa65": None}, {"exercise": 1}, {"exercise": "true"}, {"exercise": None},
        {"valid_from_s": "now"}, {"valid_from_s": None}, {"valid_from_s": math.nan}, {"valid_from_s": True},
        {"valid_until_s": math.inf}, {"valid_until_s": 100.0}, {"valid_until_s": 50}, {"more": 1},
        {"ed25519": keys.generate("USA", True, 0.0, 1.0).public.to_dict()["ed25519"]},
    ],
)  # fmt: skip
def test_a_key_document_with_anything_wrong_is_refused(change):
    with pytest.raises(Refused, match="key_document"):
        keys.PublicKey.from_dict(USA.public.to_dict() | change)


@pytest.mark.parametrize("name", [*USA.public.to_dict()])
def test_a_key_document_that_lacks_anything_is_refused(name):
    told = USA.public.to_dict()
    del told[name]
    with pytest.raises(Refused, match="key_document"):
        keys.PublicKey.from_dict(told)


@pytest.mark.parametrize("told", [None, [], "key", 5])
def test_what_is_no_key_document_is_refused(told):
    with pytest.raises(Refused, match="key_document"):
        keys.PublicKey.from_dict(told)


@pytest.mark.parametrize(
    "nation, start_s, end_s", [("us", 0.0, 1.0), ("USA", 1.0, 1.0), ("USA", 0.0, math.nan)]
)
def test_keys_of_no_nation_or_no_time_are_not_made(nation, start_s, end_s):
    with pytest.raises(Refused, match="key_document"):
        keys.generate(nation, True, start_s, end_s)


@pytest.mark.parametrize(
    "private",
    [
        {}, {"ed25519": bytes(32)}, {"ed25519": bytes(31), "mldsa65": bytes(32)},
        {"ed25519": "text", "mldsa65": bytes(32)}, {"ed25519": bytes(32), "mldsa65": bytes(32)},
        USA.private_bytes() | {"mldsa65": bytes(32)},
        USA.private_bytes() | {"ed25519": Ed25519PrivateKey.generate().private_bytes_raw()},
    ],
)  # fmt: skip
def test_private_keys_that_are_not_those_of_the_public_ones_are_refused(private):
    with pytest.raises(Refused, match="key_document"):
        keys.from_private(USA.public, private)


@pytest.mark.parametrize(
    "at_unix_s, revoked_s, code",
    [
        (99.9, None, "key_not_yet"), (100.0, None, None), (199.9, None, None), (200.0, None, "key_expired"),
        (math.nan, None, "key_not_yet"), (150.0, 150.1, None), (150.0, 150.0, "key_revoked"),
        (math.nan, 150.0, "key_revoked"), (250.0, 150.0, "key_revoked"),
    ],
)  # fmt: skip
def test_a_key_counts_from_its_beginning_to_its_end_or_its_revocation(at_unix_s, revoked_s, code):
    ring = keys.Keyring((USA.public,), {} if revoked_s is None else {USA.public.kid: revoked_s})
    if code is None:
        assert ring.find(USA.public.kid, at_unix_s) == USA.public
        return
    with pytest.raises(Refused) as refusal:
        ring.find(USA.public.kid, at_unix_s)
    assert refusal.value.code == code
    assert USA.public.kid in refusal.value.reason


def test_a_key_that_is_not_held_is_unknown():
    for kid in ("", "0" * 16, USA.public.kid + "0"):
        with pytest.raises(Refused, match="unknown_key"):
            keys.Keyring((USA.public,)).find(kid, 150.0)
