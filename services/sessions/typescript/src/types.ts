import type { components } from './openapi';

type Whole = components['schemas']['SessionOut'];
type Stats = components['schemas']['StatsOut'];

/** What an entry of a list tells in any case. */
const ALWAYS = [
  'id',
  'date',
  'song_name',
  'instrument',
  'duration_seconds',
  'total_practice_seconds',
  'audio_url',
  'analysis_summary',
  'analysis_feedback',
] as const satisfies readonly (keyof Whole)[];

/** What a player may say of a session, for which an app may have no place. */
const SAID = ['notes', 'tempo_bpm', 'self_rating'] as const satisfies readonly (keyof Whole)[];

/** What an entry of a list tells. */
export const LISTED = [...ALWAYS, ...SAID] as const;

/** What one session tells besides, because it may be large or is seldom wanted. */
export const DETAILS = ['xml_content', 'analysis', 'score_accuracy'] as const satisfies readonly (keyof Whole)[];

export const STATS = ['weekly_progress', 'streak', 'total_minutes'] as const satisfies readonly (keyof Stats)[];

/**
 * One time that somebody practised one piece.
 *
 * `audio_url` is the recording, as something that an <audio> element plays; null where there is none. To save one, give a
 * data URL, or the blob URL of what was just recorded. An entry of a list has none of the details.
 */
export type SessionData = Pick<Whole, (typeof ALWAYS)[number]> & Partial<Pick<Whole, (typeof SAID | typeof DETAILS)[number]>>;

/** The last seven days, oldest first and today last; the streak in days; whole minutes of all time. */
export type UserStatsData = Pick<Stats, (typeof STATS)[number]>;

/** The named fields of something, and nothing else of it. */
export function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.filter((name) => name in (from as object)).map((name) => [name, from[name]])) as Pick<T, K>;
}
