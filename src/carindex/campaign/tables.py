"""Wide tables of cars, CSV or Parquet, streamed in pieces of bounded size, in and out."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from carindex.messages import Finding, InputError

_LOOKED_AT = 16 << 20
# The CSV reader reads some dozens of blocks ahead, so blocks are small and joined to pieces afterwards.
_BLOCK = 1 << 20
# A Parquet file is read with one buffer for each column: so much each, or all together, but not less.
_PARQUET_BUFFER, _PARQUET_BUFFERS, _LEAST_BUFFER = 1 << 17, 1 << 26, 1 << 12
_PARQUET = (".parquet", ".pq")
_TABLE = {"en": "a table (CSV or Parquet) with a column `car`", "zh": "含 `car` 列的表（CSV 或 Parquet）"}


@dataclass
class TableSource:
    """A table to be read piece by piece.

    ``refused`` collects, while pieces are read, the lines that have the wrong number of cells: their line
    number (where it is known), their first cell and what is wrong. ``share_done`` tells how much of the table
    has been read when so many of its rows are done.
    """

    path: Path
    columns: tuple[str, ...]
    pieces: Iterator[pa.RecordBatch]
    share_done: Callable[[int], float]
    refused: list[tuple[str, Finding]] = field(default_factory=list)


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its ending."""
    return path.suffix.lower() in _PARQUET


def open_table(path: Path, piece_rows: int, words: Container[str] = ()) -> TableSource:
    """Open a table for reading in pieces of about ``piece_rows`` cars; CSV cells come as text.

    Parameters
    ----------
    path
        CSV or Parquet, by its ending.
    piece_rows
        Cars of a piece.
    words
        Columns of words, of which a Parquet file gives each word once and the cells as numbers of words.

    Raises
    ------
    InputError
        When the file cannot be read as a table, or a column stands in it twice.
    """
    if not path.is_file():
        raise InputError(path, "dossier.no_such_path")
    source = _open_parquet(path, piece_rows, words) if is_parquet(path) else _open_csv(path, piece_rows)
    seen: set[str] = set()
    for column in source.columns:
        if column in seen:
            raise InputError(f"{path}:1", "dossier.column_twice", column=column)
        seen.add(column)
    return source


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(path, "dossier.unreadable", reason=str(error).splitlines()[0], expected=_TABLE)


def _open_parquet(path: Path, piece_rows: int, words: Container[str]) -> TableSource:
    try:
        schema = pa.parquet.read_schema(path)
        file = pa.parquet.ParquetFile(
            path,
            memory_map=False,
            pre_buffer=False,
            buffer_size=min(_PARQUET_BUFFER, max(_LEAST_BUFFER, _PARQUET_BUFFERS // max(1, len(schema)))),
            read_dictionary=[field.name for field in schema if field.name in words and _is_text(field.type)],
        )
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from None
    rows = max(1, file.metadata.num_rows)

    def pieces() -> Iterator[pa.RecordBatch]:
        try:
            yield from file.iter_batches(batch_size=piece_rows, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from None

    return TableSource(path, tuple(file.schema_arrow.names), pieces(), lambda done: done / rows)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _open_csv(path: Path, piece_rows: int) -> TableSource:
    try:
        with path.open("rb") as stream:
            start = stream.read(_LOOKED_AT)
        # pyarrow cannot report a line with the wrong number of cells that is not UTF-8: look before it does
        codecs.getincrementaldecoder("utf-8-sig")().decode(start, final=len(start) < _LOOKED_AT)
        first = start.split(b"\n", 1)[0].decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise _unreadable(path, error) from None
    if not first.strip():
        raise InputError(path, "dossier.no_cars")
    delimiter = max((",", ";", "\t"), key=first.count)
    refused: list[tuple[str, Finding]] = []

    def refuse(row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        where = f"{path}:{row.number}" if row.number is not None else str(path)
        parameters = {"found": row.actual_columns, "expected": row.expected_columns}
        car = str(row.text).split(delimiter)[0].strip('"')
        refused.append((car, Finding("dossier.row_not_read", "error", where, None, parameters)))
        return "skip"

    try:
        header = next(csv.reader([first], delimiter=delimiter))
        file = pa.OSFile(str(path))
        reader = pa.csv.open_csv(
            file,
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=refuse),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from None

    def pieces() -> Iterator[pa.RecordBatch]:
        try:
            yield from _joined(reader, piece_rows)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from None

    size = max(1, path.stat().st_size)
    return TableSource(path, tuple(reader.schema.names), pieces(), lambda _: file.tell() / size, refused)


def _joined(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Join small batches to pieces of at least ``rows`` rows, the last one excepted."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= rows:
            yield pa.concat_batches(waiting)
            waiting = []
    if waiting:
        yield pa.concat_batches(waiting)


@contextmanager
def table_writer(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Open a table for writing, CSV or Parquet by its ending, and give a function that adds a piece.

    Raises
    ------
    InputError
        When the name ends otherwise, or the file cannot be written.
    """
    if path.suffix.lower() not in (*_PARQUET, ".csv"):
        raise InputError(path, "dossier.unknown_ending", ending=path.suffix or "-")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_parquet(path):
            # Scores hardly repeat: a dictionary or strong compression costs more time than it saves space.
            repeating = [field.name for field in schema if not pa.types.is_floating(field.type)]
            writer: Any = pa.parquet.ParquetWriter(
                path, schema, compression="snappy", use_dictionary=repeating, write_statistics=False
            )
        else:
            writer = pa.csv.CSVWriter(path, schema, write_options=pa.csv.WriteOptions(quoting_style="needed"))
    except OSError as error:
        raise InputError(path, "campaign.not_written", reason=error.strerror or error) from None
    with writer:
        yield writer.write_batch
