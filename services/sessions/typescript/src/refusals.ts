// What Tutti refuses in a session, refused by the local storage too, so that an app meets it on its first day.
import type { Kept } from './sessions';
import { StorageError } from './StorageError';

const MAX_CHARACTERS = 255; // of a line
const MAX_WORDS = 20_000; // characters of a summary, of feedback or of notes
const MAX_TEMPO_BPM = 1_000;
const MAX_RATING = 5;
const MAX_SCORE_BYTES = 5 * 1024 * 1024;
const DAY_SECONDS = 86_400; // no session is longer
const DAY_MS = DAY_SECONDS * 1000; // clocks run wrong, and calendars are up to 14 hours ahead
const MAX_SECONDS = 2 ** 31 - 1;
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const UNKEEPABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/; // NUL and halves of pairs, as JSON.stringify writes them

/** Raises `malformed`, naming every field that is wrong. */
export function refuseMalformed(kept: Kept, now: Date): void {
  if (UNKEEPABLE.test(JSON.stringify(kept))) {
    throw StorageError.malformed([{ field: '', message: 'a string holds NUL, or half of a surrogate pair' }]);
  }
  const errors = Object.entries(problems(kept, now)).flatMap(([field, message]) => (message ? [{ field, message }] : []));
  if (errors.length > 0) throw StorageError.malformed(errors);
}

function problems(kept: Kept, now: Date): Partial<Record<keyof Kept, string | undefined>> {
  return {
    song_name: notALine(kept.song_name),
    instrument: notALine(kept.instrument),
    duration_seconds: notBetween(kept.duration_seconds, 0, DAY_SECONDS),
    total_practice_seconds: notBetween(kept.total_practice_seconds, 0, MAX_SECONDS),
    date: notAMoment(kept.date, now),
    notes: tooLong(kept.notes, MAX_WORDS),
    tempo_bpm: kept.tempo_bpm === null || (kept.tempo_bpm > 0 && kept.tempo_bpm <= MAX_TEMPO_BPM) ? undefined : 'is no tempo',
    self_rating: kept.self_rating === null ? undefined : notBetween(kept.self_rating, 1, MAX_RATING),
    xml_content: new TextEncoder().encode(kept.xml_content ?? '').length > MAX_SCORE_BYTES ? 'is too large' : undefined,
    analysis_summary: tooLong(kept.analysis_summary, MAX_WORDS),
    analysis_feedback: tooLong(kept.analysis_feedback, MAX_WORDS),
    score_accuracy: kept.score_accuracy === null ? undefined : notBetween(kept.score_accuracy, 0, 100),
  };
}

function notALine(text: string): string | undefined {
  if (typeof text !== 'string' || text === '') return 'is empty';
  return /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) ? 'holds a control character' : tooLong(text, MAX_CHARACTERS);
}

function tooLong(text: string | null, most: number): string | undefined {
  return text !== null && [...text].length > most ? `is longer than ${most} characters` : undefined;
}

function notBetween(value: number, least: number, most: number): string | undefined {
  return Number.isInteger(value) && value >= least && value <= most ? undefined : `is no number from ${least} to ${most}`;
}

function notAMoment(date: string, now: Date): string | undefined {
  if (!ISO.test(date)) return 'is not ISO 8601';
  const at = Date.parse(date);
  return at < -DAY_MS || at > now.getTime() + DAY_MS ? 'is before 1970 or in the future' : undefined;
}
