"""Practice as a picture, for people who look rather than read: an SVG without scripts, fonts or addresses.

Its colours are attributes, so that it can be read wherever styles are refused; a style sheet changes them where the reader's
system is dark. Every bar and every square says its day and its minutes to whoever points at it or has it read aloud.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax import saxutils

from services.sessions.calendars.words import WEEKDAYS
from services.sessions.stats.heatmaps import Square
from services.sessions.stats.week import DAY_NAMES

WIDTH = 760
INK, MUTED, LINE, BAR, TODAY, GOAL = "#1f2328", "#59636e", "#d8dee4", "#2f81b7", "#134e7a", "#b35900"
LEVELS = ("#ebedf0", "#b7d7ee", "#7db8df", "#3d8fc7", "#134e7a")  # from no practice to a year's longest days
FONT = "font-family='system-ui, -apple-system, Segoe UI, Roboto, sans-serif'"
DARK = (
    "@media (prefers-color-scheme: dark) {"
    " .paper { fill: #0d1117 } .ink { fill: #e6edf3 } .muted { fill: #9198a1 } .line { stroke: #30363d }"
    " .bar { fill: #58a6d9 } .today { fill: #a5d6f7 } .goal { stroke: #f0883e } .goal-ink { fill: #f0883e }"
    " .l0 { fill: #21262d } .l1 { fill: #173a54 } .l2 { fill: #1f5f8b } .l3 { fill: #3f94c9 } .l4 { fill: #a5d6f7 }"
    " }"
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
STEPS = (5, 10, 15, 20, 30, 60, 120, 300, 600, 1_200, 3_000, 6_000, 12_000)  # minutes between two lines


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what stands under it, what it says of itself, how long it was; and whether it is the one of today."""

    label: str
    said: str
    minutes: int
    is_now: bool = False


def bars(title: str, shown: Sequence[Bar], *, goal_minutes: int | None = None) -> str:
    """A chart of bars, the oldest on the left; `goal_minutes` is a line across it."""
    height, left, right, top, bottom = 300, 78, 16, 52, 36
    step = _step(max([each.minutes for each in shown] + [goal_minutes or 0]))
    lines = _lines(max([each.minutes for each in shown] + [goal_minutes or 0]), step)
    inside_width, inside_height = WIDTH - left - right, height - top - bottom

    def y(minutes: float) -> float:
        return top + inside_height * (1 - minutes / lines[-1])

    parts = [_text(left, 28, title, size=16, kind="ink", colour=INK, weight="600")]
    for minutes in lines:
        parts.append(_line("line", left, WIDTH - right, y(minutes), f"stroke='{LINE}'"))
        parts.append(_text(left - 8, y(minutes) + 4, _length(minutes), anchor="end"))
    slot = inside_width / len(shown)
    every = (
        -(-len(shown) // 12) if len(shown) <= 14 else -(-len(shown) // 8)
    )  # labels that stand beside each other without touching
    for number, each in enumerate(shown):
        parts.append(_bar(each, left + slot * number, slot, y(each.minutes), y(0)))
        if (len(shown) - 1 - number) % every == 0:
            parts.append(_text(left + slot * (number + 0.5), height - 14, each.label, anchor="middle"))
    if goal_minutes:
        at, said = y(goal_minutes), f"- - goal: {_length(goal_minutes)}"
        parts.append(_line("goal", left, WIDTH - right, at, f"stroke='{GOAL}' stroke-width='1.5' stroke-dasharray='6 4'"))
        parts.append(_text(WIDTH - right, 28, said, anchor="end", kind="goal-ink", colour=GOAL))
    return _svg(title, _told(shown), height, parts)


def heat_map(title: str, squares: Sequence[Square]) -> str:
    """A year of squares: a column is a week from Monday on, and the darker a square the longer the day."""
    size, gap, left, top = 11, 2, 36, 68
    pitch = size + gap
    first = squares[0].date.weekday()
    parts = [_text(left, 28, title, size=16, kind="ink", colour=INK, weight="600")]
    parts += [_text(left - 6, top + pitch * row + 9, DAY_NAMES[row], anchor="end", size=10) for row in (0, 2, 4)]
    for number, each in enumerate(squares):
        column, row = divmod(number + first, 7)
        x, y = left + column * pitch, top + row * pitch
        if each.date.day == 1:
            parts.append(_text(x + (pitch if row else 0), top - 8, MONTHS[each.date.month - 1], size=10))
        parts.append(_square(x, y, size, each.level, f"<title>{each.date}: {_length(each.minutes)}</title>"))
    under = top + 7 * pitch + 14
    parts.append(_text(WIDTH - 130, under + 10, "less", anchor="end", size=10))
    parts += [_square(WIDTH - 122 + level * pitch, under, size, level) for level in range(len(LEVELS))]
    parts.append(_text(WIDTH - 122 + len(LEVELS) * pitch + 4, under + 10, "more", size=10))
    practised = [each for each in squares if each.minutes]
    told = f"Practised on {len(practised)} of {len(squares)} days, {_length(sum(each.minutes for each in practised))} in all."
    return _svg(title, told, under + 28, parts)


def days_of(minutes: Iterable[tuple[date, int]], *, today: date) -> list[Bar]:
    """Bars of days in a row; where they are no more than two weeks, by the names of the weekdays.

    >>> days_of([(date(2026, 1, 5), 20)], today=date(2026, 1, 5))
    [Bar(label='Mon', said='Monday 5 Jan 2026', minutes=20, is_now=True)]
    """
    found = list(minutes)
    by_weekday = len(found) <= 14

    def label(day: date) -> str:
        return DAY_NAMES[day.weekday()] if by_weekday else _day_and_month(day)

    return [
        Bar(label(day), f"{WEEKDAYS[day.weekday()]} {_day_and_month(day)} {day.year}", each, day == today)
        for day, each in found
    ]


def months_of(minutes: Iterable[tuple[date, int]], *, today: date) -> list[Bar]:
    """Bars of months, each named by its first day."""
    return [
        Bar(MONTHS[first.month - 1], f"{MONTHS[first.month - 1]} {first.year}", each, first == today.replace(day=1))
        for first, each in minutes
    ]


def _day_and_month(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _bar(bar: Bar, x: float, slot: float, y: float, floor: float) -> str:
    width = min(slot * 0.72, 56)
    kind, colour = ("today", TODAY) if bar.is_now else ("bar", BAR)
    height = max(floor - y, 0)
    return (
        f"<rect class='{kind}' x='{x + (slot - width) / 2:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height:.1f}'"
        f" rx='{min(3, height / 2, width / 2):.1f}' fill='{colour}'>"
        f"<title>{_escaped(bar.said)}: {_length(bar.minutes)}</title></rect>"
    )


def _square(x: int, y: int, size: int, level: int, inside: str = "") -> str:
    place = f"x='{x}' y='{y}' width='{size}' height='{size}' rx='2'"
    return f"<rect class='l{level}' {place} fill='{LEVELS[level]}'>{inside}</rect>"


def _line(kind: str, left: float, right: float, y: float, how: str) -> str:
    return f"<line class='{kind}' x1='{left}' x2='{right}' y1='{y:.1f}' y2='{y:.1f}' {how}/>"


def _told(shown: Sequence[Bar]) -> str:
    """The chart in words."""
    practised = [each for each in shown if each.minutes]
    if not practised:
        return "Nothing was practised in this time."
    most = max(practised, key=lambda each: each.minutes)
    whole = _length(sum(each.minutes for each in practised))
    return f"{whole} in all; most on {most.said}: {_length(most.minutes)}."


def _step(most: int) -> int:
    return next((each for each in STEPS if most <= each * 5), STEPS[-1])


def _lines(most: int, step: int) -> list[int]:
    """Where lines stand: from nothing to at least the most.

    >>> _lines(47, 10), _lines(0, 5)
    ([0, 10, 20, 30, 40, 50], [0, 5])
    """
    return [step * each for each in range(max(1, -(-most // step)) + 1)]


def _length(minutes: int) -> str:
    """Minutes as people say them.

    >>> _length(45), _length(60), _length(95), _length(6000)
    ('45 min', '1 h', '1 h 35 min', '100 h')
    """
    hours, left = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{left} min" if left or not hours else "") if part)


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: int = 12,
    kind: str = "muted",
    colour: str = MUTED,
    weight: str = "400",
) -> str:
    return (
        f"<text class='{kind}' x='{x:.1f}' y='{y:.1f}' fill='{colour}' font-size='{size}' font-weight='{weight}'"
        f" text-anchor='{anchor}'>{_escaped(words)}</text>"
    )


def _escaped(words: str) -> str:
    return saxutils.escape(NO_XML.sub("", words))


def _svg(title: str, told: str, height: int, parts: Iterable[str]) -> str:
    size = f"width='{WIDTH}' height='{height}'"
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {size} {FONT}"
        " role='img' aria-labelledby='title desc'>"
        f"<title id='title'>{_escaped(title)}</title><desc id='desc'>{_escaped(told)}</desc><style>{DARK}</style>"
        f"<rect class='paper' {size} rx='8' fill='#ffffff'/>{''.join(parts)}</svg>"
    )
