"""What a live journal acknowledged is in it after anything that may happen to process, disk or power."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import InputError
from noroshi.formats.journal import decode
from noroshi.live import segments, store
from noroshi.live.disk import Folder
from noroshi.live.memory import Memory
from noroshi.live.store import Store


def entry(number):
    return {"t_s": float(number), "node": "JPN", "event": "link", "number": number}


def numbers(journal):
    return [one["number"] for one in journal.entries() if one["event"] == "link"]


def fill(disk, count, **options):
    """A closed journal of `count` entries."""
    journal = Store.open(disk, **options)
    for number in range(count):
        journal.write(entry(number))
    journal.close()


def damage(folder):
    """Where the journal is refused: segment, field."""
    with pytest.raises(InputError) as caught:
        Store.open(folder)
    return Path(caught.value.where).name, caught.value.field


class Dies(BaseException):
    """The process ends here."""


# Writing


@pytest.mark.parametrize("disk", [Memory, Folder])
def test_what_was_acknowledged_is_read_after_opening_again_in_the_order_of_calls(disk, tmp_path):
    disk = disk(tmp_path) if disk is Folder else disk()

    async def write():
        journal = Store.open(disk)
        seqs = await asyncio.gather(*(journal.put(entry(number)) for number in range(100)))
        assert seqs == list(range(100))
        assert await journal.append(entry(100)) == 100
        assert journal.head()[0] == 100
        assert numbers(journal) == list(range(101))
        journal.close()

    asyncio.run(write())
    journal = Store.open(disk)
    assert numbers(journal) == list(range(101))
    assert [one["seq"] for one in journal.entries()] == list(range(101))
    journal.close()


def test_the_segments_one_after_another_are_a_journal_like_that_of_a_run(tmp_path):
    fill(tmp_path, 30, segment_bytes=1000)
    names = [path.name for path in sorted(tmp_path.glob("*.jsonl"))]
    assert len(names) > 3
    whole = b"".join((tmp_path / name).read_bytes() for name in names)
    read = list(decode(whole))
    assert [one["number"] for one in read] == list(range(30))
    firsts = [json.loads((tmp_path / name).read_bytes().split(b"\n")[0])["seq"] for name in names]
    assert names == [f"{first:012d}.jsonl" for first in firsts]


def test_an_entry_gets_the_time_of_the_clock_in_milliseconds():
    class Clock:
        def now_s(self):
            return 7.0

        def unix_s(self):
            return 1_777_593_600.25

    journal = Store.open(Memory(), clock=Clock())
    journal.write(entry(1))
    (read,) = journal.entries()
    assert read["utc"] == "2026-05-01T00:00:00.250Z"
    assert read["t_s"] == 1.0


def test_64_who_wait_share_one_sync():
    steps = []

    async def write():
        journal = Store.open(Memory(hook=lambda step, name: steps.append(step)))
        await journal.append(entry(0))
        steps.clear()
        await asyncio.gather(*(journal.append(entry(number)) for number in range(64)))
        assert steps.count("sync") == steps.count("append") == 1

    asyncio.run(write())


def test_a_sync_is_done_before_the_acknowledgement():
    steps = []

    async def write():
        journal = Store.open(Memory(hook=lambda step, name: steps.append(step)))
        await journal.append(entry(0))
        assert steps == ["append", "half", "appended", "sync", "synced", "sync_folder"]

    asyncio.run(write())


def test_an_entry_that_json_cannot_say_fails_alone():
    async def write():
        journal = Store.open(Memory())
        good, bad, long, again = (
            journal.put(one)
            for one in (
                entry(0),
                {"t_s": float("nan")},
                {"t_s": 0.0, "sealed": "x" * segments.MAX_LINE_BYTES},
                entry(1),
            )
        )
        assert await good == 0
        for one in (bad, long):
            with pytest.raises(ValueError):
                await one
        assert await again == 1
        with pytest.raises(ValueError, match="seq"):
            journal.put({**entry(2), "seq": 9})
        assert numbers(journal) == [0, 1]

    asyncio.run(write())


def test_a_caller_who_went_away_keeps_nobody_waiting(tmp_path):
    async def write():
        journal = Store.open(tmp_path)
        gone = journal.put(entry(0))
        gone.cancel()
        assert await journal.append(entry(1)) == 1
        journal.close()

    asyncio.run(write())


def test_closing_writes_what_waits_and_takes_nothing_after(tmp_path):
    async def write():
        journal = Store.open(tmp_path)
        waiting = [journal.put(entry(number)) for number in range(10)]
        await asyncio.sleep(0)
        waiting += [journal.put(entry(number)) for number in range(10, 20)]
        journal.close()
        journal.close()
        assert await asyncio.gather(*waiting) == list(range(20))
        with pytest.raises(OSError, match="closed"):
            await journal.append(entry(20))

    asyncio.run(write())
    journal = Store.open(tmp_path)
    assert numbers(journal) == list(range(20))
    journal.close()


def test_a_disk_that_hangs_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(store, "MAX_WAITING_BYTES", 3000)
    monkeypatch.setattr(store, "MAX_BATCH_BYTES", 1000)

    async def write():
        journal = Store.open(Memory())
        put = [journal.put(entry(number)) for number in range(40)]
        patient = [asyncio.ensure_future(journal.append(entry(number))) for number in range(40, 50)]
        done = await asyncio.gather(*put, return_exceptions=True)
        refused = [one for one in done if isinstance(one, OSError)]
        assert 0 < len(refused) < 40
        assert all(isinstance(one, int) for one in await asyncio.gather(*patient))

    asyncio.run(write())


def test_a_journal_has_one_writer(tmp_path):
    journal = Store.open(tmp_path)
    with pytest.raises(InputError, match="another process"):
        Store.open(tmp_path)
    script = (
        "import sys, pathlib; from noroshi.live.store import Store; Store.open(pathlib.Path(sys.argv[1]))"
    )
    other = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True)
    assert other.returncode != 0
    assert "InputError" in other.stderr and "written by another process" in other.stderr
    journal.close()
    Store.open(tmp_path).close()


# Disks that fail


STEPS = ("append", "half", "appended", "sync", "synced", "sync_folder")


@pytest.mark.parametrize("also_restoring", [False, True])
@pytest.mark.parametrize(
    "step, segment_bytes",
    [(step, size) for step in STEPS for size in (100, 10_000) if (step, size) != ("sync_folder", 10_000)],
)
def test_a_disk_that_fails_acknowledges_nothing_and_leaves_no_half_line(step, segment_bytes, also_restoring):
    failing = set()

    def hook(now, name):
        if now in failing:
            raise OSError(28, "No space left on device")

    async def write():
        disk = Memory(hook=hook)
        journal = Store.open(disk, segment_bytes=segment_bytes)
        kept = [await journal.append(entry(0))]
        failing.update({step, "truncate"} if also_restoring else {step})
        lost = await asyncio.gather(journal.put(entry(1)), journal.put(entry(2)), return_exceptions=True)
        assert all(isinstance(one, OSError) for one in lost)
        assert "No space" in journal.trouble
        assert numbers(journal) == [0]
        if not also_restoring:
            assert b"".join(disk.files.values()).count(b"\n") == 1
        failing.clear()
        kept.append(await journal.append(entry(3)))
        assert kept == [0, 1]
        assert journal.trouble is None
        assert numbers(journal) == [0, 3]
        journal.close()
        again = Store.open(disk)
        assert numbers(again) == [0, 3]

    # 100 bytes: the entries that fail would have begun a new segment, and only then the folder is synced.
    asyncio.run(write())


def test_a_folder_at_its_limit_recovers_when_there_is_room(tmp_path):
    # A real file system that takes a part and then no more: the limit on the size of files.
    script = """
import asyncio, pathlib, resource, signal, sys
from noroshi.live.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = pathlib.Path(sys.argv[1])
async def main():
    journal = Store.open(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    good = failed = 0
    for number in range(200):
        try:
            await journal.append({"t_s": 0.0, "event": "link", "number": number, "pad": "x" * 500})
            good += 1
        except OSError:
            failed += 1
            size = sum(path.stat().st_size for path in folder.glob("*.jsonl"))
            text = b"".join(path.read_bytes() for path in folder.glob("*.jsonl"))
            assert text.endswith(b"\\n") and size <= 20_000
    assert good > 10 and failed > 10, (good, failed)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await journal.append({"t_s": 0.0, "node": "JPN", "event": "link", "number": -1})
    assert [one["number"] for one in journal.entries()] == [*range(good), -1]
    journal.close()
asyncio.run(main())
Store.open(folder).close()
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# Power cuts and kills


@pytest.mark.parametrize(
    "step", [*range(60), *(pytest.param(n, marks=pytest.mark.soak) for n in range(60, 600))]
)
def test_power_that_goes_at_any_step_takes_nothing_acknowledged(step):
    chance = random.Random(step)
    left = [step]

    def hook(now, name):
        if not left[0]:
            raise Dies
        left[0] -= 1

    disk = Memory(hook=hook)
    acknowledged = []

    def write(journal):
        for number in range(1000):
            journal.write(entry(number))
            acknowledged.append(number)

    with pytest.raises(Dies):
        write(Store.open(disk, segment_bytes=700))
    disk.crash(lambda unsynced: chance.randint(0, unsynced))
    # It goes again while the torn tail is mended.
    left[0] = chance.randint(0, 8)
    try:
        Store.open(disk).close()
    except Dies:
        disk.crash(lambda unsynced: chance.randint(0, unsynced))
    disk.hook = None
    journal = Store.open(disk)
    read = numbers(journal)
    assert read[: len(acknowledged)] == acknowledged
    assert len(read) <= len(acknowledged) + 1
    journal.write(entry(-1))
    journal.close()
    assert numbers(Store.open(disk))[-1] == -1


WRITER = """
import asyncio, pathlib, sys
from noroshi.live.store import Store
async def writer(journal, name):
    for number in range(10**9):
        seq = await journal.append({"t_s": 0.0, "node": "JPN", "event": "link", "number": [name, number]})
        print(seq, name, number, flush=True)
async def main():
    journal = Store.open(pathlib.Path(sys.argv[1]), segment_bytes=20_000)
    await asyncio.gather(*(writer(journal, f"{sys.argv[2]}.{n}") for n in range(8)))
asyncio.run(main())
"""


@pytest.mark.parametrize("turns", [4, pytest.param(60, marks=pytest.mark.soak)])
def test_a_writer_that_is_killed_again_and_again_loses_nothing_acknowledged(turns, tmp_path):
    chance = random.Random(turns)
    said = []
    for turn in range(turns):
        out = tmp_path / f"said-{turn}"
        with out.open("wb") as file:
            command = [sys.executable, "-c", WRITER, tmp_path / "journal", str(turn)]
            writer = subprocess.Popen(command, stdout=file)
            wanted = chance.randint(50, 600)
            while out.read_bytes().count(b"\n") < wanted:
                assert writer.poll() is None
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
        lines = out.read_text().split("\n")[:-1]
        assert len(lines) >= wanted
        said += [line.split() for line in lines]
    journal = Store.open(tmp_path / "journal")
    read = {one["seq"]: one["number"] for one in journal.entries() if one["event"] == "link"}
    journal.close()
    for seq, name, number in said:
        assert read[int(seq)] == [name, int(number)]


# Torn tails


def test_a_last_line_that_was_not_finished_is_cut_off_kept_beside_and_told(tmp_path):
    fill(tmp_path / "whole", 3)
    (segment,) = (tmp_path / "whole").glob("*.jsonl")
    data = segment.read_bytes()
    last = data.rindex(b"\n", 0, -1) + 1
    for end in {*range(last + 1, len(data), 9), last + 1, len(data) - 1}:
        for zeros in (b"", b"\0" * 5000):
            folder = tmp_path / f"torn-{end}-{len(zeros)}"
            folder.mkdir()
            (folder / segment.name).write_bytes(data[:end] + zeros)
            journal = Store.open(folder, nation="JPN")
            *kept, repaired = journal.entries()
            assert [one["number"] for one in kept] == [0, 1]
            torn = data[last:end] + zeros
            assert (repaired["event"], repaired["node"]) == ("repaired", "JPN")
            assert (repaired["segment"], repaired["offset"]) == (segment.name, last)
            assert (folder / repaired["kept"]).read_bytes() == torn
            journal.close()
            fill(folder, 1)


def test_a_repair_that_is_cut_short_itself_is_done_again():
    for step in range(12):
        disk = Memory()
        fill(disk, 2)
        name = segments.name_of(0)
        whole = bytes(disk.files[name])
        disk.files[name] += b'{"event":"li'
        left = [step]

        def hook(now, name, left=left):
            if not left[0]:
                raise Dies
            left[0] -= 1

        disk.hook = hook
        try:
            Store.open(disk)
        except Dies:
            disk.crash()
        disk.hook, disk._locked = None, False
        journal = Store.open(disk)
        assert numbers(journal) == [0, 1]
        assert bytes(disk.files[name]).startswith(whole)


# Damage


@pytest.fixture(scope="module")
def journal_bytes(tmp_path_factory):
    """Segments of a journal by name: more than four of them."""
    folder = tmp_path_factory.mktemp("journal")
    fill(folder, 20, segment_bytes=600)
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))}


def laid(written):
    """A disk that holds these segments."""
    disk = Memory("journal")
    disk.files = {name: bytearray(data) for name, data in written.items()}
    return disk


def place_of(written, name, offset):
    """Segment and field by which damage at that byte is told."""
    number = written[name][:offset].count(b"\n") + 1
    return name, f"line {number} (seq {int(name[:12]) + number - 1})"


@given(st.data())
def test_a_flipped_bit_anywhere_is_told_with_its_place(journal_bytes, data):
    name = data.draw(st.sampled_from(sorted(journal_bytes)))
    changed = bytearray(journal_bytes[name])
    offset = data.draw(st.integers(0, len(changed) - 1))
    changed[offset] ^= 1 << data.draw(st.integers(0, 7))
    last = name == max(journal_bytes) and offset == len(changed) - 1
    if last:
        return  # the very last line break: a torn tail
    assert damage(laid({**journal_bytes, name: changed})) == place_of(journal_bytes, name, offset)


def test_each_sort_of_byte_in_each_line_that_is_changed_is_told(journal_bytes):
    # First and last of a line, in a key, in a value, in the seq, in the chain.
    for name, whole in journal_bytes.items():
        start = 0
        for line in whole.split(b"\n")[:-1]:
            for part in (b"{", b'"event"', b"link", b'"seq":', b'"chain":"', b'"}'):
                offset = start + line.index(part) + len(part) - 1
                changed = bytearray(whole)
                changed[offset] ^= 1
                assert damage(laid({**journal_bytes, name: changed})) == place_of(journal_bytes, name, offset)
            start += len(line) + 1


@given(st.data())
@settings(max_examples=200)
def test_a_segment_that_is_cut_inside_the_journal_is_told(journal_bytes, data):
    name = data.draw(st.sampled_from(sorted(journal_bytes)[:-1]))
    end = data.draw(st.integers(0, len(journal_bytes[name]) - 1))
    where, field = damage(laid({**journal_bytes, name: journal_bytes[name][:end]}))
    follows = sorted(journal_bytes)[sorted(journal_bytes).index(name) + 1]
    at = place_of(journal_bytes, name, end)
    if journal_bytes[name][:end].endswith(b"\n"):
        # Whole lines are gone: it shows where the next segment begins.
        assert where == follows
    else:
        assert (where, field) == at


@given(st.data())
def test_lines_that_are_lost_doubled_or_swapped_are_told_with_their_place(journal_bytes, data):
    name = data.draw(st.sampled_from(sorted(journal_bytes)))
    lines = journal_bytes[name].splitlines(keepends=True)
    one = data.draw(st.integers(0, len(lines) - 2))
    how = data.draw(st.sampled_from(("lost", "doubled", "swapped")))
    if how == "lost":
        changed, wrong = lines[:one] + lines[one + 1 :], one
    elif how == "doubled":
        changed, wrong = lines[: one + 1] + lines[one:], one + 1
    else:
        changed, wrong = [*lines[:one], lines[one + 1], lines[one], *lines[one + 2 :]], one
    seq = int(name[:12]) + wrong
    assert damage(laid({**journal_bytes, name: b"".join(changed)})) == (name, f"line {wrong + 1} (seq {seq})")


@pytest.mark.parametrize("lost", range(4))
def test_a_segment_that_is_lost_is_told(journal_bytes, lost):
    names = sorted(journal_bytes)
    where, field = damage(laid({name: journal_bytes[name] for name in names if name != names[lost]}))
    assert where == names[lost + 1]
    assert field == f"line 1 (seq {int(names[lost + 1][:12])})"


def test_a_segment_under_a_wrong_name_is_told(journal_bytes):
    names = sorted(journal_bytes)
    wrong = segments.name_of(int(names[2][:12]) + 1)
    renamed = {wrong if name == names[2] else name: journal_bytes[name] for name in names}
    assert damage(laid(renamed))[0] == wrong


def test_a_flood_without_line_breaks_is_refused_in_bounded_memory():
    disk = laid({segments.name_of(0): b"x" * (40 << 20)})
    assert damage(disk) == (segments.name_of(0), "byte 0")


@given(st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_journal_are_refused_or_are_a_torn_tail(noise):
    disk = laid({segments.name_of(0): noise})
    try:
        (repaired,) = Store.open(disk).entries()
    except InputError:
        assert b"\n" in noise
    else:
        assert repaired["bytes"] == len(noise)


def test_a_journal_that_is_refused_may_be_opened_when_it_is_mended(tmp_path):
    fill(tmp_path, 3)
    (segment,) = tmp_path.glob("*.jsonl")
    whole = segment.read_bytes()
    segment.write_bytes(whole.replace(b"link", b"lynk", 1))
    assert damage(tmp_path) == (segment.name, "line 1 (seq 0)")
    segment.write_bytes(whole)
    Store.open(tmp_path).close()
