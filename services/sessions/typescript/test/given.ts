// What the suite is told by its environment, and the sessions that it saves.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { ApiStorageService, type ApiOptions, LocalStorageService, type IStorageService, type SessionData, StorageError } from '../src';

/** A running Tutti, an access token for an account of the suite's own (it is emptied), and a recording in a file. */
export const URL_OF_TUTTI = told('TUTTI_URL');
export const TOKEN = told('TUTTI_TOKEN');
export const RECORDING = readFileSync(told('TUTTI_RECORDING'));
export const AUDIO = `data:audio/webm;codecs=opus;base64,${RECORDING.toString('base64')}`;

function told(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: README.md says how this suite is run`);
  return value;
}

export function api(options: ApiOptions = {}): ApiStorageService {
  return new ApiStorageService({ baseUrl: URL_OF_TUTTI, getToken: () => TOKEN, ...options });
}

/** What both storages can be told. */
type Options = Pick<ApiOptions, 'zone'>;

export const STORAGES: [string, (options?: Options) => IStorageService][] = [
  ['LocalStorageService', (options) => new LocalStorageService(options)],
  ['ApiStorageService', api],
];

/** A completed session, with an id of the caller's. */
export function session(changes: Partial<SessionData> = {}): SessionData {
  return {
    id: randomUUID(),
    date: daysAgo(0),
    song_name: 'Minuet in G',
    instrument: 'Piano',
    duration_seconds: 600,
    total_practice_seconds: 900,
    audio_url: null,
    xml_content: '<score-partwise version="4.0"/>',
    analysis: null,
    analysis_summary: null,
    analysis_feedback: null,
    score_accuracy: null,
    notes: null,
    tempo_bpm: null,
    self_rating: null,
    ...changes,
  };
}

export function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}

export async function empty(storage: IStorageService): Promise<void> {
  await Promise.all((await storage.getSessions()).map(({ id }) => storage.deleteSession(id)));
}

/** What somebody was refused; the test fails where they were not. */
export async function refusal(action: Promise<unknown>): Promise<StorageError> {
  const reason: unknown = await action.then(() => 'nothing was refused', (thrown: unknown) => thrown);
  if (!(reason instanceof StorageError)) throw new Error(`no StorageError: ${String(reason)}`);
  return reason;
}

/** The bytes that an address plays. */
export async function played(url: string | null | undefined): Promise<Buffer> {
  if (!url) throw new Error('there is nothing to play');
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`it does not play: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}
