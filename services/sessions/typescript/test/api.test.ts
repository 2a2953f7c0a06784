// What a network does to ApiStorageService, and what only Tutti can say. The faults are made by a proxy in front of it.
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ApiOptions, ApiStorageService } from '../src';
import { api, AUDIO, daysAgo, empty, refusal, session, TOKEN, URL_OF_TUTTI } from './given';

/** What becomes of the next requests: lost on the way there, or their answer on the way back; or the proxy answers itself. */
type Fault = 'lost' | 'answer lost' | { status: number; headers?: Record<string, string> };

const faults: Fault[] = [];
const asked: string[] = [];
let proxy: Server;
let url: string;

/** A storage behind the proxy, which tries three times and does not wait for long. */
function faulty(options: ApiOptions = {}): ApiStorageService {
  return api({ baseUrl: url, pausesMs: [20, 50], ...options });
}

beforeAll(async () => {
  proxy = createServer((from, to) => {
    asked.push(`${from.method} ${from.url}`);
    const fault = faults.shift();
    if (fault === 'lost') return void from.socket.destroy();
    if (typeof fault === 'object') return void to.writeHead(fault.status, fault.headers).end('<h1>Sorry</h1>');
    const options = { method: from.method ?? 'GET', headers: from.headers };
    const on = request(URL_OF_TUTTI + from.url, options, (answer) => {
      if (fault === 'answer lost') return void from.socket.destroy();
      to.writeHead(answer.statusCode ?? 500, answer.headers);
      return void answer.pipe(to);
    });
    from.pipe(on);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/`;
});

afterAll(() => proxy.close());

beforeEach(async () => {
  localStorage.clear();
  await empty(api());
  faults.length = asked.length = 0;
});

describe('ApiStorageService', () => {
  it('saves once what had to be sent three times', async () => {
    const storage = faulty();
    faults.push('lost', 'answer lost');

    await storage.saveSession(session({ id: '', audio_url: AUDIO }));

    expect(asked.filter((each) => each.startsWith('POST'))).toHaveLength(3);
    expect(await storage.getSessions()).toHaveLength(1);
  });

  it('deletes what had to be told twice', async () => {
    const storage = faulty();
    const saved = session();
    await storage.saveSession(saved);
    faults.push('answer lost');

    await storage.deleteSession(saved.id);

    expect(await storage.getSessions()).toEqual([]);
  });

  it('waits for a Tutti that is away for a moment', async () => {
    faults.push({ status: 503, headers: { 'Retry-After': '0' } }, { status: 502 });

    expect(await faulty().getSessions()).toEqual([]);
  });

  it('gives up in the end, and says what is known', async () => {
    faults.push('lost', 'lost', 'lost');
    const { status, code, message, cause } = await refusal(faulty().getSessions());
    expect([status, code]).toEqual([0, 'unreachable']);
    expect(message).toContain('connection');
    expect(cause).toBeInstanceOf(TypeError);

    faults.push({ status: 502 }, { status: 502 }, { status: 502 });
    const failure = await refusal(faulty().getUserStats());
    expect([failure.status, failure.message]).toEqual([502, 'Tutti answered 502 Bad Gateway']);
  });

  it('does not keep anybody waiting for a minute, nor repeats what was refused', async () => {
    faults.push({ status: 429, headers: { 'Retry-After': '60' } });
    expect((await refusal(faulty().getSessions())).problem.retry_after_seconds).toBe(60);

    await refusal(faulty().saveSession(session({ id: '', song_name: '' })));

    expect(asked).toHaveLength(2);
  });

  it('reads a list page by page', async () => {
    for (const days of [1, 2, 3, 4, 5]) await api().saveSession(session({ date: daysAgo(days), song_name: `${days}` }));

    const listed = await faulty({ pageRows: 2 }).getSessions();

    expect(listed.map((each) => each.song_name)).toEqual(['1', '2', '3', '4', '5']);
    expect(asked).toHaveLength(3);
  });

  it('says in the words of Tutti that nobody is signed in', async () => {
    const { status, code, message } = await refusal(api({ getToken: () => null }).getSessions());
    expect([status, code]).toEqual([401, 'not_signed_in']);
    expect(message).toContain('not signed in');

    for (const getToken of [() => 'mock-token', async () => 'undefined']) {
      expect((await refusal(api({ getToken }).saveSession(session()))).status).toBe(401);
    }
  });

  it('asks for a token before every request, because they end', async () => {
    const getToken = vi.fn(async () => TOKEN);
    const storage = api({ getToken });

    await storage.getSessions();
    await storage.getUserStats();

    expect(getToken).toHaveBeenCalledTimes(2);
  });

  it('leaves what it is given as it is', async () => {
    const saved = Object.freeze(session());
    const before = JSON.stringify(saved);

    await api().saveSession(saved);

    expect(JSON.stringify(saved)).toBe(before);
  });

  it('finds a session on another device by the id of its list', async () => {
    const saved = session();
    await api().saveSession(saved);
    const elsewhere = api({ storage: { getItem: () => null, setItem: () => undefined } });

    const [listed] = await elsewhere.getSessions();

    expect(await elsewhere.getSessionById(saved.id)).toBeNull();
    expect((await elsewhere.getSessionById(listed?.id ?? ''))?.song_name).toBe(saved.song_name);
    await elsewhere.saveSession(saved); // by the key of the first
    expect(await elsewhere.getSessions()).toHaveLength(1);
  });
});

describe('storageFactory', () => {
  it.each([
    ['true', 'LocalStorageService'],
    ['false', 'ApiStorageService'],
    ['', 'ApiStorageService'],
  ])('VITE_USE_MOCK_STORAGE=%s is %s, and works', async (value, name) => {
    vi.stubEnv('VITE_USE_MOCK_STORAGE', value);
    vi.stubEnv('VITE_API_URL', URL_OF_TUTTI);
    vi.resetModules();
    const { takeTokensFrom } = await import('../src');
    const { storageService } = await import('../src/storageFactory');
    takeTokensFrom(() => TOKEN);

    await storageService.saveSession(session());

    expect(storageService.constructor.name).toBe(name);
    expect(await storageService.getSessions()).toHaveLength(1);
    vi.unstubAllEnvs();
  });
});
