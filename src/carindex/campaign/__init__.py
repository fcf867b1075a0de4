"""The same rating over many cars: tables larger than memory, read, rated and written piece by piece."""

from carindex.campaign.batch import BatchResult, rate_table
from carindex.campaign.tables import table_writer

__all__ = ["BatchResult", "rate_table", "table_writer"]
