import { isId, newId, SavedAs } from './ids';
import type { IStorageService } from './IStorageService';
import { deviceZone } from './practice';
import { asDataUrl } from './recordings';
import { asKept, isSame } from './sessions';
import { StorageError } from './StorageError';
import { nextPage, Tutti, type TokenGetter } from './tutti';
import { DETAILS, LISTED, pick, type SessionData, STATS, type UserStatsData } from './types';

const PAGE_ROWS = 500;
const PATH = '/api/sessions';

export interface ApiOptions {
  /** Where Tutti answers; VITE_API_URL where nothing is said. */
  baseUrl?: string;
  /** Asked before every request; what `takeTokensFrom` was told where nothing is said. */
  getToken?: TokenGetter;
  /** The player's IANA zone; this device's where nothing is said. */
  zone?: () => string;
  /** Where the ids that sessions were saved under are kept. */
  storage?: Pick<Storage, 'getItem' | 'setItem'>;
  pageRows?: number;
  /** Waits before each repetition of a request that did not get through. */
  pausesMs?: readonly number[];
}

/** Practice sessions in Tutti. */
export class ApiStorageService implements IStorageService {
  private readonly tutti: Tutti;
  private readonly zone: () => string;
  private readonly pageRows: number;
  private readonly savedAs: SavedAs;

  constructor({ zone = deviceZone, storage = browserStorage(), pageRows = PAGE_ROWS, ...reached }: ApiOptions = {}) {
    this.tutti = new Tutti(reached);
    this.zone = zone;
    this.pageRows = pageRows;
    this.savedAs = new SavedAs(storage, 'practice.saved-as');
  }

  async getSessions(): Promise<SessionData[]> {
    const found: SessionData[] = [];
    let page: string | null = `${PATH}?limit=${this.pageRows}`;
    while (page) {
      const answer: Response = await this.tutti.ask('GET', page);
      found.push(...((await answer.json()) as SessionData[]).map((each) => pick(each, LISTED)));
      page = nextPage(answer);
    }
    return found;
  }

  async getSessionById(id: string): Promise<SessionData | null> {
    const own = this.savedAs.own(id);
    if (!isId(own)) return null;
    const answer = await this.tutti.ask('GET', `${PATH}/${own}`, { orNothing: true });
    return answer.status === 404 ? null : pick((await answer.json()) as SessionData, [...LISTED, ...DETAILS]);
  }

  async saveSession(session: SessionData): Promise<void> {
    const audioBase64 = await asDataUrl(session.audio_url);
    if (await this.isSaved(session)) return;
    const { id, audio_url: _, ...facts } = pick(session, [...LISTED, ...DETAILS]);
    const body = JSON.stringify({ ...facts, audioBase64 });
    const saved = await this.post(body, id ? encodeURIComponent(id) : newId());
    this.savedAs.remember(id, saved);
  }

  async deleteSession(id: string): Promise<void> {
    const own = this.savedAs.own(id);
    if (!isId(own)) return;
    await this.tutti.ask('DELETE', `${PATH}/${own}`, { orNothing: true });
    this.savedAs.forget(own);
  }

  async getUserStats(): Promise<UserStatsData> {
    const answer = await this.tutti.ask('GET', `/api/stats?${this.tz()}`);
    return pick((await answer.json()) as UserStatsData, STATS);
  }

  private tz(): string {
    return `tz=${encodeURIComponent(this.zone())}`;
  }

  /** Whether it is saved already, and just so. Raises `key_reused` where it is, and differs. */
  private async isSaved(session: SessionData): Promise<boolean> {
    const before = isId(this.savedAs.own(session.id)) ? await this.getSessionById(session.id) : null;
    if (before && !isSame(before, asKept(session, new Date()), Boolean(session.date))) throw StorageError.keyReused();
    return before !== null;
  }

  /** Save once, however often the request has to be sent, and give the id of what was saved. */
  private async post(body: string, key: string): Promise<string> {
    const answer = await this.tutti.ask('POST', `${PATH}?${this.tz()}`, { body, key });
    const { id } = (await answer.json()) as SessionData;
    const isOldAnswer = answer.headers.get('Idempotent-Replayed') === 'true';
    const isGone = isOldAnswer && (await this.getSessionById(id)) === null; // it was deleted since, and is saved anew
    return isGone ? this.post(body, newId()) : id;
  }
}

/** What this browser keeps for the app; where it keeps nothing, what the page remembers. */
function browserStorage(): Pick<Storage, 'getItem' | 'setItem'> {
  try {
    return globalThis.localStorage ?? remembered();
  } catch {
    return remembered(); // a browser told to keep nothing refuses even to be asked
  }
}

function remembered(): Pick<Storage, 'getItem' | 'setItem'> {
  const texts = new Map<string, string>();
  return { getItem: (key) => texts.get(key) ?? null, setItem: (key, text) => void texts.set(key, text) };
}
