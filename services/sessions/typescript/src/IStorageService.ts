import type { SessionData, UserStatsData } from './types';

/** Where practice sessions are kept. Whatever goes wrong is a StorageError. */
export interface IStorageService {
  /** Newest first, without the details. */
  getSessions(): Promise<SessionData[]>;

  /** One session whole, by its id or by the one that it was saved under here; null where there is none. */
  getSessionById(id: string): Promise<SessionData | null>;

  /**
   * Keep a completed session. The storage gives it an id of its own, and goes on finding it by the one in `session`.
   *
   * May be repeated: what is saved already is not saved twice, and refused (`key_reused`) where it is no longer the same.
   * An empty id is no id: each such call keeps a session.
   */
  saveSession(session: SessionData): Promise<void>;

  /** Delete a session and its recording. What is not there is deleted already. */
  deleteSession(id: string): Promise<void>;

  /** What the practice of this person adds up to, as of now. */
  getUserStats(): Promise<UserStatsData>;
}
