"""Canonical CBOR (RFC 8949, 4.2.1) in the narrow shape that partners exchange, and nothing beside it.

Maps with texts for keys, lists, texts, byte strings, integers of 64 bits, finite floats, true, false, null;
of each value there is one way to write it. A walk over the bytes comes before the library: no tag, no
indefinite length and no length that the bytes do not hold ever reaches it.
"""

from typing import Any

import cbor2

from noroshi.errors import Refused

MAX_ITEMS = 16_384
MAX_DEPTH = 12
# What follows the head of a float, and of false, true and null.
_PLAIN = {0xF4: 0, 0xF5: 0, 0xF6: 0, 0xF9: 2, 0xFA: 4, 0xFB: 8}
# Of a float the bits of the exponent in its first two bytes; all set, it is infinite or no number.
_EXPONENT = {0xF9: 0x7C00, 0xFA: 0x7F80, 0xFB: 0x7FF0}
_BYTES, _TEXT, _LIST, _MAP, _TAG, _OTHER = 2, 3, 4, 5, 6, 7


def dumps(value: Any) -> bytes:
    """The bytes of a value. Raises Refused("not_cbor") for what has none, such as half a surrogate pair."""
    try:
        return cbor2.dumps(value, canonical=True)
    except (cbor2.CBOREncodeError, ValueError, OverflowError) as error:
        raise Refused("not_cbor", f"cannot be written: {error}") from None


def loads(data: bytes) -> Any:
    """The value of bytes. Raises Refused: "not_cbor" where they break off or run on, else "not_canonical"."""
    _walk(data)
    try:
        value = cbor2.loads(data)
    except (cbor2.CBORDecodeError, ValueError) as error:
        raise Refused("not_cbor", str(error)[:200]) from None
    # Written again it shows every head that is too long, each pair out of order and each key said twice.
    if cbor2.dumps(value, canonical=True) != data:
        raise Refused("not_canonical", "is not written the one canonical way")
    return value


def _walk(data: bytes) -> None:
    """Refuse what the library should never see; at most MAX_ITEMS steps."""
    at, end = 0, len(data)
    left, maps = [1], [False]  # items still to come on each level, and whether it is a map
    for _ in range(MAX_ITEMS):
        while left and not left[-1]:
            left.pop()
            maps.pop()
        if not left:
            break
        if at >= end:
            raise Refused("not_cbor", f"breaks off after {end} bytes")
        head = data[at]
        at += 1
        major, count = head >> 5, head & 31
        if maps[-1] and not left[-1] % 2 and major != _TEXT:
            raise Refused("not_canonical", f"byte {at - 1}: the key of a map is no text")
        left[-1] -= 1
        if major == _OTHER:
            at = _plain(data, at, head)
            continue
        if count > 23:
            size = 1 << (count - 24)
            if size > 8:
                raise Refused("not_canonical", f"byte {at - 1}: has an indefinite length")
            count = int.from_bytes(data[at : at + size], "big")
            at += size
        if major < _BYTES:
            continue
        if major == _TAG:
            raise Refused("not_canonical", f"byte {at - 1}: has tag {count}; tags are not taken")
        if count > end - at:
            raise Refused("not_cbor", f"byte {at - 1}: announces {count} where {end - at} bytes are left")
        if major <= _TEXT:
            at += count
            continue
        if len(left) > MAX_DEPTH:
            raise Refused("not_canonical", f"byte {at - 1}: is nested more than {MAX_DEPTH} deep")
        left.append(count * (major - _LIST + 1))
        maps.append(major == _MAP)
    if any(left):
        raise Refused("too_large", f"has more than {MAX_ITEMS} items")
    if at != end:
        raise Refused("not_cbor", f"ends at byte {at} of {end}")


def _plain(data: bytes, at: int, head: int) -> int:
    """Where a float, a truth value or null ends."""
    size = _PLAIN.get(head)
    if size is None:
        raise Refused(
            "not_canonical", f"byte {at - 1}: is none of number, text, list, map, true, false, null"
        )
    if size:
        bits = _EXPONENT[head]
        if int.from_bytes(data[at : at + 2], "big") & bits == bits:
            raise Refused("not_canonical", f"byte {at - 1}: is no finite number")
    return at + size
