// Requests to Tutti: with the token of whoever is signed in, sent again where they did not get through, and failures as StorageError.
import { StorageError, type Problem } from './StorageError';

export type TokenGetter = () => string | null | Promise<string | null>;

const PAUSES_MS = [300, 1_000, 3_000];
const MOST_PATIENT_SECONDS = 10; // longer is for the person to decide
const PASSING = new Set([429, 502, 503, 504]);

let tokens: TokenGetter = () => null;

/** Tell once, at the start of the app, where access tokens come from: Auth0's getAccessTokenSilently, for one. */
export function takeTokensFrom(getter: TokenGetter): void {
  tokens = getter;
}

interface Asking {
  body?: string;
  /** An Idempotency-Key: however often this request is sent, it is done once. */
  key?: string;
  /** 404 is an answer. */
  orNothing?: boolean;
}

interface Reached {
  baseUrl?: string;
  getToken?: TokenGetter;
  pausesMs?: readonly number[];
}

/** One Tutti, by its address. */
export class Tutti {
  private readonly baseUrl: string;
  private readonly getToken: TokenGetter;
  private readonly pausesMs: readonly number[];

  constructor({ baseUrl = import.meta.env.VITE_API_URL ?? '', getToken = () => tokens(), pausesMs = PAUSES_MS }: Reached) {
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.getToken = getToken;
    this.pausesMs = pausesMs;
  }

  /** The answer to a request that was understood. Every request of ours may be sent twice. */
  async ask(method: 'GET' | 'POST' | 'DELETE', path: string, asking: Asking = {}): Promise<Response> {
    for (const pauseMs of [...this.pausesMs, null]) {
      const answer = await this.sent(method, path, asking);
      if (answer instanceof Response && (answer.ok || (answer.status === 404 && asking.orNothing))) return answer;
      const failure = answer instanceof Response ? await problemOf(answer) : answer;
      if (pauseMs === null || !isPassing(failure)) throw failure;
      await new Promise((resolve) => setTimeout(resolve, (failure.problem.retry_after_seconds ?? 0) * 1000 || pauseMs));
    }
    throw new Error('unreachable');
  }

  private async sent(method: string, path: string, { body, key }: Asking): Promise<Response | StorageError> {
    const token = await this.getToken();
    const headers = {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    };
    try {
      return await fetch(this.baseUrl + path, { method, headers, ...(body === undefined ? {} : { body }) });
    } catch (cause) {
      const detail = 'Tutti could not be reached. Check the connection, then try again.';
      return new StorageError({ status: 0, code: 'unreachable', detail }, { cause });
    }
  }
}

/** The path of the next page of a list, which `Link` names; null at the end. */
export function nextPage(answer: Response): string | null {
  return /<([^>]+)>\s*;\s*rel="?next"?/.exec(answer.headers.get('Link') ?? '')?.[1] ?? null;
}

function isPassing({ status, code, problem }: StorageError): boolean {
  const isForNow = status === 0 || PASSING.has(status) || code === 'still_in_progress';
  return isForNow && (problem.retry_after_seconds ?? 0) <= MOST_PATIENT_SECONDS;
}

/** What Tutti said went wrong; where somebody on the way said it, and not in JSON, the little that is known. */
async function problemOf(answer: Response): Promise<StorageError> {
  const said = (await answer.json().catch(() => ({}))) as Partial<Problem>;
  const { status, statusText } = answer;
  const detail = typeof said.detail === 'string' ? said.detail : `Tutti answered ${status} ${statusText}`.trim();
  const retry = Number(answer.headers.get('Retry-After') ?? NaN);
  return new StorageError({
    ...said,
    status,
    code: typeof said.code === 'string' ? said.code : `http_${status}`,
    detail,
    ...(Number.isFinite(retry) ? { retry_after_seconds: retry } : {}),
  });
}
