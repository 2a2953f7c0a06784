"""What is said of a day, and of a streak, to whoever wonders why it is what it is."""

from datetime import date

from services.sessions.calendars import periods
from services.sessions.calendars.excuses import Why
from services.sessions.calendars.streaks import Streak

# Names of our own: strftime speaks the machine's language.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
OF_WHY = {
    Why.REST_DAY: "{day} is a day off of yours: it neither adds to the streak nor ends it.",
    Why.REST_WEEKDAY: "{weekday} is a day on which you rest: it neither adds to the streak nor ends it.",
    Why.NO_SUCH_DAY: "Where you were there was no {day}: the calendar left it out.",
    Why.TRAVELLED: "You travelled: between two calendars, {day} was no whole day that you could have missed.",
    Why.WITHIN_24_HOURS: "Less than 24 hours lie between your practice before {day} and after it.",
    Why.TODAY_IS_NOT_OVER: "Today is not over: the streak waits for you.",
    Why.MISSED: "You did not practise on {day}, and it was no day of rest.",
}
NO_LENGTH = " What was saved on it has no length."


def of_day(day: date, why: Why, seconds: int, *, has_sessions: bool) -> str:
    """One sentence on one day.

    >>> of_day(date(2026, 1, 4), Why.REST_WEEKDAY, 0, has_sessions=False)
    'Sunday is a day on which you rest: it neither adds to the streak nor ends it.'
    >>> of_day(date(2026, 1, 5), Why.PRACTISED, 1200, has_sessions=True)
    'You practised for 20 minutes on Monday, 5 January 2026.'
    """
    if why is Why.PRACTISED:
        return f"You practised for {_length(seconds)} on {named(day)}."
    said = OF_WHY[why].format(day=named(day), weekday=WEEKDAYS[day.weekday()])
    return said + (NO_LENGTH if has_sessions and why is Why.MISSED else "")


def of_streak(streak: Streak | None, ended_on: date | None) -> str:
    """The streak in words, and what ended the one before it.

    >>> of_streak(Streak(1, date(2026, 1, 5), date(2026, 1, 5)), date(2026, 1, 4))
    'Your streak is 1 day, since Monday, 5 January 2026. Sunday, 4 January 2026 ended the one before it.'
    """
    if streak is None:
        return (
            f"There is no streak just now: {named(ended_on)} ended it." if ended_on else "Your first streak begins with today."
        )
    days = "1 day" if streak.days == 1 else f"{streak.days} days"
    since = f"Your streak is {days}, since {named(streak.first_on)}."
    return f"{since} {named(ended_on)} ended the one before it." if ended_on else since


def named(day: date) -> str:
    """A date as people say it.

    >>> named(date(2026, 3, 1))
    'Sunday, 1 March 2026'
    """
    return f"{WEEKDAYS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]} {day.year}"


def _length(seconds: int) -> str:
    minutes = periods.minutes(seconds)
    if minutes == 0:
        return "less than a minute"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
