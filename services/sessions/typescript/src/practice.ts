// What practice adds up to, by the same rules as in Tutti's calendars and stats.
import type { UserStatsData } from './types';

/** One session as the stats see it. `time_zone` is the one that was in force when it was saved. */
export interface Practised {
  readonly date: string;
  readonly duration_seconds: number;
  readonly time_zone: string;
}

const WEEK_DAYS = 7;
const DAY_MS = 86_400_000;
const DAY_NAMES = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const calendars = new Map<string, Intl.DateTimeFormat>();

/** The IANA zone of this device. */
export function deviceZone(): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === 'Etc/Unknown' ? 'UTC' : zone;
}

/** The date on the player's calendar at that instant, as a count of days: the day before is one less, whatever clocks did. */
export function dayOf(at: Date, zone: string): number {
  let calendar = calendars.get(zone);
  if (!calendar) {
    calendar = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
    calendars.set(zone, calendar);
  }
  return Date.parse(calendar.format(at)) / DAY_MS;
}

/** Whole minutes, rounded half up: 30 seconds are a minute, 29 are none. */
export function minutes(seconds: number): number {
  return Math.floor((seconds + 30) / 60);
}

/** Consecutive days ending today or yesterday: a streak is not lost until a whole day has passed without playing. */
export function streak(days: ReadonlySet<number>, today: number): number {
  let day = days.has(today) ? today : today - 1;
  let length = 0;
  for (; days.has(day); day -= 1) length += 1;
  return length;
}

/**
 * The stats as of now. The week is seen from `zone`; the streak is one of days as they were lived, each session's in the zone
 * of its own: where one looks from ends none. A day counts when at least a second was practised on it.
 */
export function stats(practised: readonly Practised[], now: Date, zone: string): UserStatsData {
  const today = dayOf(now, zone);
  const seconds = new Map<number, number>();
  for (const each of practised) {
    const day = dayOf(new Date(each.date), zone);
    seconds.set(day, (seconds.get(day) ?? 0) + each.duration_seconds);
  }
  const lived = practised.filter((each) => each.duration_seconds > 0).map((each) => dayOf(new Date(each.date), each.time_zone));
  const week = Array.from({ length: WEEK_DAYS }, (_, number) => today - WEEK_DAYS + 1 + number);
  return {
    weekly_progress: week.map((day) => ({
      day: DAY_NAMES[new Date(day * DAY_MS).getUTCDay()] as string,
      minutes: minutes(seconds.get(day) ?? 0),
    })),
    streak: streak(new Set(lived), today),
    total_minutes: minutes(practised.reduce((sum, each) => sum + each.duration_seconds, 0)),
  };
}
