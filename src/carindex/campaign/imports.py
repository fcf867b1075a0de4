"""Write the facts of a published table as a table for `rate_table`."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from carindex.campaign.tables import is_parquet, table_writer
from carindex.dossier import PROTOCOL, quantity_of, split_unit
from carindex.dossier.published import ImportedTable

_PUBLISHED = "published:"


def write_facts(imported: ImportedTable, target: Path) -> None:
    """Write imported facts, CSV or Parquet by the ending of ``target``.

    Published outcomes keep the text they have in the table. In Parquet, which has types, an outcome column
    whose every text is a number holds that number.

    Raises
    ------
    InputError
        When the name ends otherwise, or the file cannot be written.
    """
    columns: dict[str, pa.Array] = {}
    by_column = list(zip(*imported.rows, strict=True)) or [()] * len(imported.columns)
    for name, values in zip(imported.columns, by_column, strict=True):
        is_text = name in ("car", PROTOCOL) or name.startswith(_PUBLISHED)
        # facts as words, and grades that are stated of a node
        is_word = any(isinstance(value, str) for value in values)
        if is_text or is_word or quantity_of(split_unit(name)[0]).categories:
            array = pa.array([_as_text(value) for value in values], pa.string())
            if is_parquet(target) and name.startswith(_PUBLISHED):
                array = _typed(array)
        else:
            array = pa.array(values, pa.float64())
        columns[name] = array
    batch = pa.RecordBatch.from_pydict(columns)
    with table_writer(target, batch.schema) as write:
        write(batch)


def _as_text(value: str | float | None) -> str | None:
    return f"{value:.15g}" if isinstance(value, float) else value


def _typed(texts: pa.Array) -> pa.Array:
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return texts
