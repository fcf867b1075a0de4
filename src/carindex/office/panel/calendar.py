"""Days that lie months or years from another."""

from __future__ import annotations

import calendar
from datetime import date, timedelta


def months_after(day: date, months: int) -> date:
    """Return the same day of a month later; the month's last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def last_day(begins: date, years: int) -> date:
    """Return the last day of a term of so many years."""
    return months_after(begins, 12 * years) - timedelta(days=1)
