"""How many of one unit another is: for rules and facts written in other units than the vocabulary's."""

from carindex.recordings.units import conversion


def ratio(unit: str, per: str) -> float:
    """Return how many ``per`` one ``unit`` is, NaN when they do not measure the same thing.

    ``ratio("kN", "N")`` is 1000.
    """
    if unit == per:
        return 1.0
    one, other = conversion(unit), conversion(per)
    if one is None or other is None or one.unit != other.unit or one.offset or other.offset:
        return float("nan")
    # A ratio of decimal factors is a decimal number; division alone would leave 999.9999999999999.
    return float(f"{one.factor / other.factor:.12g}")
