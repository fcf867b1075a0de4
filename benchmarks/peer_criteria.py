"""What the peer (pyisomme 1.1.0) does for the comparison: read a test, then head, neck and brain criteria of both occupants.

Run by ``benchmarks/run.py`` with the peer's own Python; prints one line a result so that the numbers can be compared too.
"""

import logging
import sys

import pyisomme

logging.disable(logging.CRITICAL)
test = pyisomme.Isomme().read(sys.argv[1])
for position, dummy in (("1", "H3"), ("3", "HF")):
    for code in (
        f"1{position}HICR0015{dummy}00RX",
        f"1{position}HICR0036{dummy}00RX",
        f"1{position}HEAD003C{dummy}ACRX",
        f"1{position}BRIC0000{dummy}000X",
        f"1{position}NIJCIP00{dummy}00YX",
        f"1{position}HEADDAMA{dummy}AARX",
    ):
        channel = test.get_channel(code)
        print(code, None if channel is None else float(channel.get_data()[0]))
