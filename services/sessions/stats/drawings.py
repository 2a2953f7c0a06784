"""Which chart shows what."""

from dataclasses import replace
from datetime import date
from enum import StrEnum

from sqlalchemy.orm import Session as Database

from services.sessions.calendars import periods
from services.sessions.calendars.periods import Per
from services.sessions.goals import goals
from services.sessions.stats import charts, heatmaps, totals
from services.sessions.stats.practised import Wanted


class Chart(StrEnum):
    """What a chart shows."""

    WEEK = "week"  # the last seven days
    MONTH = "month"  # the last thirty days
    YEAR = "year"  # the last twelve months
    HEATMAP = "heatmap"  # every day of one year


DAYS = {Chart.WEEK: 7, Chart.MONTH: 30}
MONTHS = 12


def draw(db: Database, wanted: Wanted, of: Chart, *, today: date, year: int) -> str:
    """An SVG of what is `wanted`. A daily goal for just that is a line in charts of days; `year` is the heat map's."""
    about = ", ".join(each for each in (wanted.song_name, wanted.instrument) if each) or "Practice"
    if of is Chart.HEATMAP:
        return charts.heat_map(f"{about} in {year}", heatmaps.squares(totals.year(db, wanted, year)))
    if of is Chart.YEAR:
        months = _minutes(db, wanted, Per.MONTH, MONTHS, today)
        return charts.bars(f"{about}: twelve months", charts.months_of(months, today=today))
    shown = charts.days_of(_minutes(db, wanted, Per.DAY, DAYS[of], today), today=today)
    goal = goals.daily_target(db, user_id=wanted.user_id, today=today, song_name=wanted.song_name, instrument=wanted.instrument)
    return charts.bars(f"{about}: {DAYS[of]} days", shown, goal_minutes=goal)


def _minutes(db: Database, wanted: Wanted, per: Per, number: int, today: date) -> list[tuple[date, int]]:
    first = periods.back(today, per, periods=number)
    found = totals.per_period(db, replace(wanted, from_on=first, until_on=today), per)
    return [(each["from_on"], each["minutes"]) for each in found]
