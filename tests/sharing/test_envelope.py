"""Sealed messages: a changed byte is refused, and nothing but the one narrow form is opened."""

import random
import re
from collections.abc import Iterator

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
from cwt import COSE, COSEKey
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import Refused
from noroshi.sharing import envelope, keys
from tests.formats import wire
from tests.house.house import ROOT

USA = keys.generate("USA", True, 0.0, 1_000.0)
JPN = keys.generate("JPN", True, 0.0, 1_000.0)
RING = keys.Keyring((USA.public, JPN.public))
BODY = cbor2.dumps({"kind": "hotline", "text": "all quiet"}, canonical=True)
SEALED = envelope.seal(BODY, USA)
TWICE = envelope.seal(BODY, USA, post_quantum=True)
PROTECTED = cbor2.dumps({1: -8, 4: bytes.fromhex(USA.public.kid)})
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519
# cose-wg/Examples, eddsa-examples/eddsa-sig-01: the key is that of RFC 8032, 7.1, test 1.
EXAMPLE = bytes.fromhex(
    "d28445a201270300a10442313154546869732069732074686520636f6e74656e742e58407142fd2ff96d56db85bee905a76ba1d0"
    "b7321a95c8c4d3607c5781932b7afb8711497dfa751bf40b58b3bcc32300b1487f3db34085eef013bf08f4a44d6fef0d"
)


def code(data: bytes, ring: keys.Keyring = RING, at_unix_s: float = 10.0, **need: bool) -> str:
    with pytest.raises(Refused) as refusal:
        envelope.open_sealed(data, ring, at_unix_s, **need)
    return refusal.value.code


def cose_key(signer: keys.Signer) -> COSEKey:
    """The key as another implementation of COSE holds it."""
    raw = {1: 1, 2: bytes.fromhex(signer.public.kid), 3: -8, -1: 6, -2: signer.public.ed25519}
    return COSEKey.new(raw | {-4: signer.private_bytes()["ed25519"]})


def structure(*, tag: int = 18, protected: bytes = PROTECTED, unprotected: object = None, sign: bool = True):
    """A Sign1 of any headers, its signature true."""
    signed = cbor2.dumps(["Signature1", protected, b"", BODY])
    parts = [protected, {} if unprotected is None else unprotected, BODY, USA.sign(signed) if sign else b""]
    return cbor2.dumps(cbor2.CBORTag(tag, parts))


@settings(max_examples=100)
@given(body=st.binary(max_size=300), post_quantum=st.booleans())
def test_what_was_sealed_is_opened(body, post_quantum):
    opened = envelope.open_sealed(envelope.seal(body, JPN, post_quantum), RING, 10.0)
    assert opened == envelope.Opened(body, JPN.public, post_quantum)


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 65_535, 65_536, 262_144])
def test_bodies_of_every_length_fit(size):
    body = bytes(size)
    for post_quantum in (False, True):
        assert envelope.open_sealed(envelope.seal(body, USA, post_quantum), RING, 10.0).body == body


def test_the_kid_and_the_body_can_be_read_without_a_key():
    assert envelope.body_in(SEALED) == envelope.body_in(TWICE) == BODY
    assert envelope.kid_in(SEALED) == envelope.kid_in(TWICE) == USA.public.kid
    with pytest.raises(Refused, match="not_cose"):
        envelope.kid_in(b"\xd2\x84")


@pytest.mark.parametrize("sealed", [SEALED, TWICE], ids=["once", "twice"])
def test_one_changed_byte_anywhere_is_refused(sealed):
    chance = random.Random(0)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1 << chance.randrange(8)
        assert code(bytes(changed)) in ("not_cose", "unknown_key", "bad_signature")


def test_a_cut_or_longer_envelope_is_refused():
    for sealed in (SEALED, TWICE):
        for size in range(len(sealed)):
            assert code(sealed[:size]) in ("not_cose", "bad_signature")
        assert code(sealed + b"\x00") == code(sealed + sealed) == "not_cose"


def test_another_implementation_verifies_what_we_seal():
    for sealed in (SEALED, TWICE):
        assert COSE.new(verify_kid=True).decode(sealed, cose_key(USA)) == BODY


def test_what_another_implementation_seals_is_opened():
    headers = {1: -8, 4: bytes.fromhex(USA.public.kid)}
    theirs = COSE.new().encode(BODY, cose_key(USA), protected=headers)
    assert theirs == SEALED
    assert envelope.open_sealed(theirs, RING, 10.0).body == BODY


def test_the_second_signature_is_that_of_rfc_9338():
    protected, unprotected, body, signature = cbor2.loads(TWICE).value
    signed = cbor2.dumps(["CounterSignature0V2", protected, b"", body, [signature]])
    MLDSA65PublicKey.from_public_bytes(USA.public.mldsa65).verify(unprotected[12], signed)
    assert (protected, body, [*unprotected]) == (PROTECTED, BODY, [12])


def test_a_published_example_verifies_and_is_outside_our_narrow_form():
    protected, _, body, signature = cbor2.loads(EXAMPLE).value
    raw = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    key = keys.PublicKey("USA", "", "", raw, b"", True, 0.0, 1.0)
    assert key.verify(signature, cbor2.dumps(["Signature1", protected, b"", body]))
    assert code(EXAMPLE) == "not_cose"


KID = bytes.fromhex(USA.public.kid)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\xd2", b"\x00" * 100, BODY, SEALED[1:], structure(tag=98), structure(tag=17),
        structure(protected=b""), structure(protected=cbor2.dumps({1: -8}), unprotected={4: KID}),
        structure(protected=cbor2.dumps({1: -7, 4: KID})), structure(protected=cbor2.dumps({1: -19, 4: KID})),
        structure(protected=cbor2.dumps({4: KID, 1: -8})),
        structure(protected=cbor2.dumps({1: -8, 4: KID[:7]})),
        structure(protected=cbor2.dumps({1: -8, 2: [99], 4: KID})), structure(unprotected={4: KID}),
        structure(unprotected={1: -8}), structure(unprotected={12: b"short"}),
        structure(unprotected={11: []}), structure(unprotected={12: bytes(3_309), 13: 1}),
        structure(unprotected=[]), structure(sign=False),
        SEALED.replace(cbor2.dumps(BODY), b"\x59" + len(BODY).to_bytes(2, "big") + BODY),
        SEALED.replace(cbor2.dumps(BODY), b"\x5f" + cbor2.dumps(BODY) + b"\xff"),
        SEALED.replace(cbor2.dumps(BODY), b"\xf6"),
        SEALED.replace(cbor2.dumps(BODY), b"\x5a\xff\xff\xff\xff" + BODY),
        SEALED.replace(cbor2.dumps(BODY), b"\x5b" + b"\x7f" * 8 + BODY),
    ],
    ids=lambda data: "form",  # the bytes differ from run to run
)  # fmt: skip
def test_any_other_form_is_refused(data):
    assert code(data) == "not_cose"


def test_a_signature_moved_by_the_order_of_the_group_is_refused():
    moved = int.from_bytes(SEALED[-32:], "little") + ORDER
    assert code(SEALED[:-32] + moved.to_bytes(32, "little")) == "bad_signature"


def test_a_seal_of_an_unknown_or_another_key_is_refused():
    other = keys.generate("USA", True, 0.0, 1_000.0)
    assert code(envelope.seal(BODY, other)) == "unknown_key"
    named_otherwise = SEALED.replace(KID, bytes.fromhex(JPN.public.kid))
    assert code(named_otherwise) == "bad_signature"


def test_a_key_counts_in_its_time_alone():
    assert code(SEALED, at_unix_s=-1.0) == "key_not_yet"
    assert code(SEALED, at_unix_s=1_000.0) == "key_expired"
    assert code(SEALED, keys.Keyring(RING.keys, {USA.public.kid: 10.0})) == "key_revoked"


def test_a_second_signature_that_is_asked_for_must_be_there():
    assert envelope.open_sealed(TWICE, RING, 10.0, need_post_quantum=True).post_quantum
    assert code(SEALED, need_post_quantum=True) == "no_post_quantum"


def test_a_second_signature_must_hold_even_where_nobody_asks():
    second = cbor2.loads(TWICE).value[1][12]
    of_another_body = cbor2.loads(envelope.seal(b"other", USA, post_quantum=True)).value[1][12]
    of_another_key = cbor2.loads(envelope.seal(BODY, JPN, post_quantum=True)).value[1][12]
    for wrong in (of_another_body, of_another_key, bytes(len(second))):
        assert code(TWICE.replace(second, wrong)) == "bad_signature"


def test_too_large_a_body_is_neither_sealed_nor_opened():
    with pytest.raises(Refused, match="too_large"):
        envelope.seal(bytes(envelope.MAX_BYTES), USA)
    assert code(bytes(envelope.MAX_BYTES + 1)) == "too_large"


def hostile(count: int, seed: int) -> Iterator[bytes]:
    """Envelopes with other heads and lengths, cut ones, and anything."""
    chance = random.Random(seed)
    for number in range(count):
        base = bytearray((SEALED, TWICE)[number % 2])
        if chance.random() < 0.5:
            at = chance.choice((0, 1, 2, 15, 16, 17, 18, 19, 20, len(base) - 66, len(base) - 65))
            base[at : at + chance.randrange(2)] = chance.randbytes(chance.randrange(1, 6))
        elif chance.random() < 0.5:
            del base[chance.randrange(len(base)) :]
        else:
            base = bytearray(chance.randbytes(chance.randrange(200)))
        if bytes(base) not in (SEALED, TWICE):
            yield bytes(base)


def fuzzed(count: int, seed: int) -> None:
    for data in wire.watched(hostile(count, seed)):
        assert code(data) in ("not_cose", "unknown_key", "bad_signature", "too_large")


def test_whatever_comes_is_refused():
    fuzzed(10_000, seed=1)


@pytest.mark.soak
def test_a_million_hostile_envelopes_are_refused():
    fuzzed(1_000_000, seed=2)


def test_the_example_of_the_page_runs(capsys):
    page = (ROOT / "docs" / "reference" / "envelope.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(example, "envelope.md", "exec"), {})
    assert capsys.readouterr().out == "['USA', 'KOR'] two plumes seen from the coast\n"
