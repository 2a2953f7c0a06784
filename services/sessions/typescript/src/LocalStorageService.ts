import { newId } from './ids';
import type { IStorageService } from './IStorageService';
import { deviceZone, stats } from './practice';
import { asDataUrl } from './recordings';
import { refuseMalformed } from './refusals';
import { asKept, isSame } from './sessions';
import { StorageError } from './StorageError';
import { DETAILS, LISTED, pick, type SessionData, type UserStatsData } from './types';

/** A session as the browser keeps it: whole, with the zone then in force, and the id that the caller saved it under. */
type Row = Required<SessionData> & { time_zone: string; saved_as: string };

export interface LocalOptions {
  storage?: Storage;
  /** The player's IANA zone; this device's where nothing is said. */
  zone?: () => string;
}

const PREFIX = 'practice.session.'; // one key a session, so that saving one does not write the others again

/** Practice sessions in this browser alone. Recordings are kept as Base64, so some minutes of them fill it (5 MB are usual). */
export class LocalStorageService implements IStorageService {
  private readonly storage: Storage;
  private readonly zone: () => string;

  constructor({ storage = localStorage, zone = deviceZone }: LocalOptions = {}) {
    this.storage = storage;
    this.zone = zone;
  }

  async getSessions(): Promise<SessionData[]> {
    return this.rows().map((row) => pick(row, LISTED));
  }

  async getSessionById(id: string): Promise<SessionData | null> {
    const row = this.find(id);
    return row ? pick(row, [...LISTED, ...DETAILS]) : null;
  }

  async saveSession(session: SessionData): Promise<void> {
    const now = new Date();
    const kept = asKept(session, now);
    refuseMalformed(kept, now);
    const audio_url = (await asDataUrl(session.audio_url)) || null;
    const before = this.find(session.id);
    if (before && !isSame(before, kept, Boolean(session.date))) throw StorageError.keyReused();
    if (!before) this.keep({ ...kept, id: newId(), audio_url, time_zone: this.zone(), saved_as: session.id });
  }

  async deleteSession(id: string): Promise<void> {
    const row = this.find(id);
    if (row) this.storage.removeItem(PREFIX + row.id);
  }

  async getUserStats(): Promise<UserStatsData> {
    return stats(this.rows(), new Date(), this.zone());
  }

  private find(id: string): Row | undefined {
    return id ? this.rows().find((row) => row.id === id || row.saved_as === id) : undefined;
  }

  /** Everything that is kept, newest first. */
  private rows(): Row[] {
    const keys = Array.from({ length: this.storage.length }, (_, number) => this.storage.key(number) ?? '');
    const rows = keys.filter((key) => key.startsWith(PREFIX)).map((key) => JSON.parse(this.storage.getItem(key) ?? '') as Row);
    return rows.sort((one, other) => Date.parse(other.date) - Date.parse(one.date) || (one.id < other.id ? 1 : -1));
  }

  private keep(row: Row): void {
    try {
      this.storage.setItem(PREFIX + row.id, JSON.stringify(row));
    } catch (cause) {
      const detail = 'This browser can keep no more. Delete sessions with recordings, or keep them in Tutti.';
      throw new StorageError({ status: 507, code: 'storage_full', detail }, { cause });
    }
  }
}
