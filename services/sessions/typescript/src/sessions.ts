// A session as it is kept, whichever storage keeps it: what Tutti makes of what an app hands over.
import { DETAILS, LISTED, type SessionData } from './types';

/** Everything that is kept as it was said, and not given by the storage. */
export type Kept = Required<Omit<SessionData, 'id' | 'audio_url'>>;

const SUMMARY_KEYS = ['performace_summary', 'performance_summary', 'summary']; // the first is how the client spells it
const FEEDBACK_KEYS = ['coach-feedback', 'coach_feedback', 'feedback'];
const DATE_ALONE = /^\d{4}-\d{2}-\d{2}$/; // noon of it, which is on that day wherever days begin

/** What is kept of a session: fractions of seconds rounded half up, instants in UTC, the words found wherever they were said. */
export function asKept(session: SessionData, now: Date): Kept {
  const { analysis = null } = session;
  const spoken = typeof analysis === 'string' ? analysis : '';
  return {
    date: asInstant(session.date, now),
    song_name: session.song_name?.trim(),
    instrument: session.instrument?.trim(),
    duration_seconds: Math.floor(session.duration_seconds + 0.5),
    total_practice_seconds: Math.floor((session.total_practice_seconds ?? session.duration_seconds) + 0.5),
    notes: session.notes?.trim() ? session.notes : null,
    tempo_bpm: session.tempo_bpm ?? null,
    self_rating: session.self_rating ?? null,
    xml_content: session.xml_content ?? null,
    analysis,
    analysis_summary: session.analysis_summary || said(analysis, SUMMARY_KEYS),
    analysis_feedback: session.analysis_feedback || spoken || said(analysis, FEEDBACK_KEYS),
    score_accuracy: session.score_accuracy == null ? null : Math.floor(session.score_accuracy + 0.5),
  };
}

/** Whether a session is what was saved before. Addresses are not compared: they change, and their recording does not. */
export function isSame(before: SessionData, kept: Kept, hasDate: boolean): boolean {
  const names = [...LISTED, ...DETAILS].filter((name) => name !== 'id' && name !== 'audio_url' && (hasDate || name !== 'date'));
  return (names as (keyof Kept)[]).every((name) => isEqual(before[name] ?? null, kept[name]));
}

function asInstant(date: string, now: Date): string {
  const at = date ? new Date(DATE_ALONE.test(date) ? `${date}T12:00:00` : date) : now;
  return Number.isNaN(at.getTime()) ? date : at.toISOString();
}

function said(analysis: SessionData['analysis'], keys: readonly string[]): string | null {
  if (typeof analysis !== 'object' || analysis === null) return null;
  return keys.map((key) => analysis[key]).find((words): words is string => typeof words === 'string' && words !== '') ?? null;
}

/** Whether two values are the same JSON: members of objects have no order. */
function isEqual(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  const [mine, theirs] = [Object.entries(one), Object.entries(other)];
  const isAlike = Array.isArray(one) === Array.isArray(other) && mine.length === theirs.length;
  return isAlike && mine.every(([name, value]) => name in other && isEqual(value, (other as Record<string, unknown>)[name]));
}
