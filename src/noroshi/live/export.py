"""A journal as a table for analysts: JSON lines as they stand, CSV or Parquet."""

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from noroshi.errors import InputError
from noroshi.live.segments import Line

Format = Literal["jsonl", "csv", "parquet"]

# What has a column of its own; everything else stands as JSON in the column `fields`.
WORDS = ("utc", "node", "event", "message", "kind", "origin", "to", "partner", "form", "lane", "reason")
COLUMNS = ("seq", "t_s", *WORDS, "fields", "chain")
_ROWS = 50_000


def row(line: Line) -> dict[str, Any]:
    """One line as values by column; None where it says nothing."""
    entry = line.entry
    t_s = entry.get("t_s")
    told: dict[str, Any] = {"seq": entry["seq"], "chain": line.chain}
    told["t_s"] = float(t_s) if isinstance(t_s, int | float) else None
    for name in WORDS:
        told[name] = entry[name] if isinstance(entry.get(name), str) else None
    rest = {
        name: entry[name]
        for name in entry
        if name not in told or (told[name] is None and entry[name] is not None)
    }
    told["fields"] = json.dumps(rest, sort_keys=True, ensure_ascii=False)
    return {name: told[name] for name in COLUMNS}


def write(lines: Iterable[Line], path: Path, form: Format) -> int:
    """Write all lines, or nothing; how many. Raises InputError where the file cannot be written."""
    part = path.with_name(path.name + ".part")
    writers = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}
    try:
        try:
            count = writers[form](iter(lines), part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be written: {error.strerror or error}.") from error
    return count


def _jsonl(lines: Iterator[Line], part: Path) -> int:
    count = 0
    with part.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            count += 1
            # As it stands in the journal: sorted keys, and the chain behind.
            text = json.dumps(line.entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            file.write(f'{text[:-1]},"chain":"{line.chain}"}}\n')
    return count


def _csv(lines: Iterator[Line], part: Path) -> int:
    count = 0
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for line in lines:
            count += 1
            writer.writerow(row(line))
    return count


def _parquet(lines: Iterator[Line], part: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"seq": pa.int64(), "t_s": pa.float64()}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    count = 0
    with pq.ParquetWriter(part, schema) as writer:
        while rows := [row(line) for line in islice(lines, _ROWS)]:
            writer.write_table(pa.Table.from_pylist(rows, schema))
            count += len(rows)
    return count
