"""Measured data: every supported file format in, one frozen `Recording` of `Channel`s out.

`read` takes a folder, an archive or a file and recognises its format by content. Nothing here knows dummies'
limits, protocols or points.
"""

from carindex.recordings.model import Channel, ChannelCode, Recording, Samples, Step
from carindex.recordings.read import read
from carindex.recordings.writers import write_iso_mme, write_parquet

__all__ = [
    "Channel",
    "ChannelCode",
    "Recording",
    "Samples",
    "Step",
    "read",
    "write_iso_mme",
    "write_parquet",
]
