// One suite for both storages: what holds of one holds of the other.
import { beforeEach, describe, expect, it } from 'vitest';

import { copySessions, type IStorageService, type SessionData } from '../src';
import { api, AUDIO, daysAgo, empty, played, RECORDING, refusal, session, STORAGES } from './given';

const NOWHERE = '0190b5a0-0000-7000-8000-000000000000';

/** The only session that is kept, whole. */
async function only(storage: IStorageService): Promise<SessionData> {
  const [listed, ...others] = await storage.getSessions();
  expect(others).toEqual([]);
  return (await storage.getSessionById(listed?.id ?? '')) as SessionData;
}

describe.each(STORAGES)('%s', (_name, make) => {
  let storage: IStorageService;

  beforeEach(async () => {
    localStorage.clear();
    storage = make();
    await empty(storage);
  });

  it('keeps nothing at first', async () => {
    expect(await storage.getSessions()).toEqual([]);
    const { weekly_progress, ...sums } = await storage.getUserStats();
    expect(weekly_progress.map((day) => day.minutes)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(sums).toEqual({ streak: 0, total_minutes: 0 });
  });

  it('gives back what was saved, by its own id and by the one it was saved under', async () => {
    const said = { notes: 'Slower.\n', tempo_bpm: 72.5, self_rating: 4, analysis_summary: 'Steady.', analysis_feedback: 'Good.' };
    const saved = session({ score_accuracy: 93, ...said });

    await storage.saveSession(saved);

    const found = await only(storage);
    expect(found).toEqual({ ...saved, id: found.id });
    expect(await storage.getSessionById(saved.id)).toEqual(found);
    expect(await make().getSessionById(saved.id)).toEqual(found); // after the page was loaded again
  });

  it('takes a session of which only the seed says what it has', async () => {
    const { notes, tempo_bpm, self_rating, xml_content: _, analysis, score_accuracy, ...bare } = session();
    const empty = { notes, tempo_bpm, self_rating };

    await storage.saveSession(bare);

    const [listed] = await storage.getSessions();
    expect(listed).toEqual({ ...bare, ...empty, id: listed?.id });
    expect(await only(storage)).toEqual({ ...listed, xml_content: null, analysis, score_accuracy });
  });

  it('lists what there is without the details, newest first', async () => {
    for (const [song_name, days] of [['middle', 2], ['newest', 1], ['oldest', 3]] as const) {
      await storage.saveSession(session({ song_name, date: daysAgo(days) }));
    }

    const listed = await storage.getSessions();

    expect(listed.map((each) => each.song_name)).toEqual(['newest', 'middle', 'oldest']);
    expect(listed[0]).not.toHaveProperty('xml_content');
    expect(listed[0]).not.toHaveProperty('analysis');
  });

  it('puts the one saved last first where dates are the same', async () => {
    const date = daysAgo(1);
    for (const song_name of ['one', 'two', 'three']) await storage.saveSession(session({ song_name, date }));

    expect((await storage.getSessions()).map((each) => each.song_name)).toEqual(['three', 'two', 'one']);
  });

  it('plays the very bytes that were recorded, from the list too', async () => {
    await storage.saveSession(session({ audio_url: AUDIO }));

    const [listed] = await storage.getSessions();
    expect(RECORDING.equals(await played(listed?.audio_url))).toBe(true);
    expect(RECORDING.equals(await played((await only(storage)).audio_url))).toBe(true);
  });

  it('takes the blob URL of what was just recorded', async () => {
    const recorded = URL.createObjectURL(new Blob([RECORDING], { type: 'audio/webm; codecs=opus' }));

    await storage.saveSession(session({ audio_url: recorded }));

    expect(RECORDING.equals(await played((await only(storage)).audio_url))).toBe(true);
  });

  it.each(['', null, 'data:audio/webm;base64,'])('has nothing to play where nothing was recorded (%j)', async (audio_url) => {
    await storage.saveSession(session({ audio_url }));

    expect((await only(storage)).audio_url).toBeNull();
  });

  it.each(['data:audio/webm;base64,AA=A', 'data:audio/webm,AAAA', 'blob:nodedata:gone', 'AAAA'])(
    'refuses a recording that cannot be read (%s), and keeps nothing',
    async (audio_url) => {
      expect((await refusal(storage.saveSession(session({ audio_url })))).code).toBe('recording_unreadable');
      expect(await storage.getSessions()).toEqual([]);
    },
  );

  it('finds the words of an analysis, however its keys are spelt', async () => {
    const analysis = { performace_summary: 'Steady.', 'coach-feedback': 'Mind the left hand.', bars: [{ bar: 3, off: null }] };

    await storage.saveSession(session({ analysis }));

    const said = { analysis_summary: 'Steady.', analysis_feedback: 'Mind the left hand.' };
    expect(await only(storage)).toMatchObject({ analysis, ...said });
    expect((await storage.getSessions())[0]).toMatchObject(said);
  });

  it('takes an analysis in words for feedback', async () => {
    await storage.saveSession(session({ analysis: 'Breathe.' }));

    expect(await only(storage)).toMatchObject({ analysis: 'Breathe.', analysis_summary: null, analysis_feedback: 'Breathe.' });
  });

  it('keeps every script, and trims what is around a name', async () => {
    const words = 'Příliš žluťoučký kůň 🎻 初音 \\u0000 "\' <b>&amp;</b>';

    await storage.saveSession(session({ song_name: `  ${words} `, analysis: { [words]: words }, xml_content: `\n${words}\r\n` }));

    expect(await only(storage)).toMatchObject({ song_name: words, analysis: { [words]: words }, xml_content: `\n${words}\r\n` });
  });

  it('keeps a large score whole', async () => {
    const xml_content = `<score-partwise>${'<measure number="1"/>'.repeat(100_000)}</score-partwise>`;

    await storage.saveSession(session({ xml_content }));

    expect((await only(storage)).xml_content === xml_content).toBe(true);
  });

  it('rounds what was measured in fractions of a second, half up', async () => {
    await storage.saveSession(session({ duration_seconds: 29.5, total_practice_seconds: 30.49 }));

    expect(await only(storage)).toMatchObject({ duration_seconds: 30, total_practice_seconds: 30 });
  });

  it('understands any way to write an instant', async () => {
    await storage.saveSession(session({ date: '2026-01-31T10:30:00+01:00' }));

    expect((await only(storage)).date).toBe('2026-01-31T09:30:00.000Z');
  });

  it('saves a session that says no date now', async () => {
    await storage.saveSession(session({ date: '' }));

    expect(Math.abs(Date.parse((await only(storage)).date) - Date.now())).toBeLessThan(10_000);
  });

  it('saves once, however often it is told', async () => {
    const saved = session({ analysis: { b: 1, a: [2] } });

    await Promise.all([storage.saveSession(saved), storage.saveSession(saved)]);
    await make().saveSession(saved);
    await storage.saveSession(await only(storage)); // as the storage gave it

    expect(await storage.getSessions()).toHaveLength(1);
  });

  it('refuses what was saved under the same id and is no longer the same', async () => {
    const saved = session();
    await storage.saveSession(saved);

    expect((await refusal(storage.saveSession({ ...saved, song_name: 'Another' }))).code).toBe('key_reused');
    expect((await refusal(storage.saveSession({ ...(await only(storage)), duration_seconds: 1 }))).code).toBe('key_reused');
    expect((await only(storage)).song_name).toBe(saved.song_name);
  });

  it('saves each of two, also where neither has an id', async () => {
    await storage.saveSession(session({ id: '' }));
    await storage.saveSession(session({ id: '' }));

    const ids = (await storage.getSessions()).map((each) => each.id);
    expect(new Set(ids).size).toBe(2);
    expect(await storage.getSessionById('')).toBeNull();
  });

  it('answers null for what is not there', async () => {
    for (const id of [NOWHERE, 'my own', '', '.', '../stats', '%']) expect(await storage.getSessionById(id), id).toBeNull();
  });

  it('deletes by either id, and what is gone may be deleted again', async () => {
    const [one, two] = [session({ audio_url: AUDIO }), session()];
    await storage.saveSession(one);
    await storage.saveSession(two);
    const other = (await storage.getSessionById(two.id)) as SessionData;

    for (const id of [one.id, one.id, other.id, other.id, NOWHERE, 'my own', '', '.']) await storage.deleteSession(id);

    expect(await storage.getSessions()).toEqual([]);
    expect(await storage.getSessionById(one.id)).toBeNull();
    expect(await storage.getSessionById(other.id)).toBeNull();
  });

  it('saves again what was deleted, as often as somebody changes their mind', async () => {
    const saved = session();
    for (let round = 0; round < 3; round += 1) {
      await storage.saveSession(saved);
      expect((await only(storage)).song_name).toBe(saved.song_name);
      await storage.deleteSession(saved.id);
      expect(await storage.getSessions()).toEqual([]);
    }
  });

  it('counts days up to a gap, and minutes of a week', async () => {
    for (const [days, seconds] of [[0, 600], [0, 629], [1, 29], [2, 90], [4, 3600], [8, 6000]] as const) {
      await storage.saveSession(session({ date: daysAgo(days), duration_seconds: seconds }));
    }

    const stats = await storage.getUserStats();

    expect(stats.weekly_progress.map((day) => day.minutes)).toEqual([0, 0, 60, 0, 2, 0, 20]);
    expect(stats).toMatchObject({ streak: 3, total_minutes: 182 });
    const names = [6, 5, 4, 3, 2, 1, 0].map((days) => new Date(daysAgo(days)).toString().slice(0, 3));
    expect(stats.weekly_progress.map((day) => day.day)).toEqual(names);
  });

  it('does not take a streak away before a whole day is over', async () => {
    await storage.saveSession(session({ date: daysAgo(1) }));
    expect((await storage.getUserStats()).streak).toBe(1);

    await empty(storage);
    await storage.saveSession(session({ date: daysAgo(2) }));
    expect((await storage.getUserStats()).streak).toBe(0);
  });

  it.each(['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu'])('has the days of %s there', async (zone) => {
    const there = make({ zone: () => zone });
    const date = daysAgo(20 / 24);
    await there.saveSession(session({ date, duration_seconds: 60 }));

    const { weekly_progress } = await there.getUserStats();

    const day = (at: Date) => at.toLocaleDateString('en-US', { timeZone: zone, weekday: 'short' });
    expect(weekly_progress.find((each) => each.minutes === 1)?.day).toBe(day(new Date(date)));
    expect(weekly_progress.at(-1)?.day).toBe(day(new Date()));
  });

  it('shows a traveller the week as seen from here, and a streak of days as they were lived', async () => {
    const noon = Date.parse(`${daysAgo(1).slice(0, 10)}T12:00:00Z`); // that morning in Samoa, the next one on Kiritimati
    const [before, after] = [new Date(noon).toISOString(), new Date(noon + 3_600_000).toISOString()];
    await make({ zone: () => 'Pacific/Pago_Pago' }).saveSession(session({ date: before }));
    const there = make({ zone: () => 'Pacific/Kiritimati' });
    await there.saveSession(session({ date: after }));

    const stats = await there.getUserStats();

    expect(stats.weekly_progress.map((day) => day.minutes).filter((each) => each > 0)).toEqual([20]);
    expect(stats.streak).toBe(2);
  });

  it('counts no day on which nothing was practised', async () => {
    await storage.saveSession(session({ duration_seconds: 0 }));

    expect((await storage.getUserStats()).streak).toBe(0);
  });

  it('takes a day without an hour for that day', async () => {
    await storage.saveSession(session({ date: '2026-01-31' }));

    expect(new Date((await only(storage)).date).toString()).toContain('Jan 31 2026 12:00:00');
  });

  it('refuses what is wrong by its name, and keeps nothing', async () => {
    const wrong: Partial<SessionData>[] = [
      { song_name: ' ' },
      { song_name: 'x'.repeat(256) },
      { instrument: 'a\x07b' },
      { duration_seconds: -1 },
      { duration_seconds: 48 * 3600 },
      { total_practice_seconds: 2 ** 31 },
      { date: 'yesterday' },
      { date: '1969-01-01T00:00:00Z' },
      { date: daysAgo(-3) },
      { score_accuracy: 101 },
      { tempo_bpm: 0 },
      { tempo_bpm: 1001 },
      { self_rating: 6 },
      { self_rating: 2.5 },
      { notes: 'x'.repeat(20_001) },
      { xml_content: 'x'.repeat(5 * 1024 * 1024 + 1) },
      { analysis_feedback: 'x'.repeat(20_001) },
      { song_name: '', duration_seconds: -1 },
    ];

    for (const changes of wrong) {
      const { code, status, message, problem } = await refusal(storage.saveSession(session(changes)));
      expect([code, status]).toEqual(['malformed', 422]);
      expect(problem.errors?.map((each) => each.field).sort()).toEqual(Object.keys(changes).sort());
      for (const field of Object.keys(changes)) expect(message).toContain(field);
    }
    expect(await storage.getSessions()).toEqual([]);
  });

  it.each(['a\0b', 'half \ud83c of a pair'])('refuses text that cannot be kept (%j)', async (text) => {
    for (const changes of [{ song_name: text }, { analysis: { deep: [text] } }]) {
      expect((await refusal(storage.saveSession(session(changes)))).code).toBe('malformed');
    }
  });
});

describe('the two storages', () => {
  beforeEach(async () => {
    localStorage.clear();
    await empty(api());
  });

  it('are interchangeable: the same script has the same results', async () => {
    const sessions = [
      session({ date: daysAgo(1), audio_url: AUDIO, analysis: 'Breathe.' }),
      session({ date: daysAgo(0), analysis: { summary: 'Steady.', feedback: '', n: [1.5, null, true] }, xml_content: null }),
      session({ date: daysAgo(3), duration_seconds: 29.5, song_name: ' Gavotte ', audio_url: '' }),
      session({ date: daysAgo(2), total_practice_seconds: 0, duration_seconds: 0 }),
    ];

    const results = [];
    for (const [, make] of STORAGES) results.push(await script(make(), sessions));

    expect(results[0]).toEqual(results[1]);
  });

  it('differ in where a recording is: in the address itself, or behind it', async () => {
    const urls = [];
    for (const [, make] of STORAGES) {
      await make().saveSession(session({ audio_url: AUDIO }));
      urls.push((await only(make())).audio_url);
    }

    expect(urls[0]).toBe(AUDIO);
    expect(urls[1]).toMatch(/^https?:/);
  });

  it('differ in what they take for a recording: only Tutti listens to it', async () => {
    const [local, tutti] = STORAGES.map(([, make]) => make()) as [IStorageService, IStorageService];
    const picture = session({ audio_url: `data:audio/webm;base64,${Buffer.from('\x89PNG\r\n\x1a\n').toString('base64')}` });

    await local.saveSession(picture);
    const refused = await refusal(tutti.saveSession(picture));

    expect([await local.getSessions(), await tutti.getSessions()].map((each) => each.length)).toEqual([1, 0]);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.message).not.toBe('');
  });

  it('differ in how much they keep: a browser is full one day, and says so', async () => {
    const [local, tutti] = STORAGES.map(([, make]) => make()) as [IStorageService, IStorageService];
    const large = () => session({ xml_content: 'x'.repeat(4 * 1024 * 1024) });
    const kept = large();
    await local.saveSession(kept);

    const filling = (async () => {
      for (let round = 0; round < 4; round += 1) await local.saveSession(large());
    })();

    expect((await refusal(filling)).code).toBe('storage_full');
    expect((await local.getSessionById(kept.id))?.xml_content).toHaveLength(4 * 1024 * 1024);
    await tutti.saveSession(large());
    expect(await tutti.getSessions()).toHaveLength(1);
  });

  it('take over from each other, both ways, and once', async () => {
    const [local, tutti] = STORAGES.map(([, make]) => make()) as [IStorageService, IStorageService];
    for (const days of [2, 1]) await local.saveSession(session({ date: daysAgo(days), audio_url: AUDIO, analysis: { a: 1 } }));

    expect(await copySessions(local, tutti)).toBe(2);
    expect(await copySessions(local, tutti)).toBe(2);

    const kept = await everything(tutti);
    expect(kept).toEqual(await everything(local));
    localStorage.clear();
    await copySessions(tutti, local);
    expect(await everything(local)).toEqual(kept);
  });
});

/** A day of an app, and whatever it is told, each comparable at once: a recording is gone once its session is. */
async function script(storage: IStorageService, sessions: SessionData[]): Promise<unknown[]> {
  const comparable = comparing();
  const told: unknown[] = [];
  const tell = async (...values: unknown[]) => told.push(...(await Promise.all(values.map((value) => comparable(value)))));
  await tell(await storage.getSessions(), await storage.getUserStats());
  for (const each of sessions) {
    await storage.saveSession(each);
    await tell(await storage.getSessionById(each.id), await storage.getUserStats());
  }
  await tell(await storage.getSessions());
  for (const { id } of (await storage.getSessions()).slice(1, 3)) {
    await storage.deleteSession(id);
    await tell(await storage.getSessionById(id), await storage.getSessions(), await storage.getUserStats());
  }
  const { status, code } = await refusal(storage.saveSession(session({ song_name: '' })));
  await tell({ status, code });
  return told;
}

async function everything(storage: IStorageService): Promise<unknown> {
  const listed = await storage.getSessions();
  return comparing()(await Promise.all(listed.map(({ id }) => storage.getSessionById(id))));
}

/** Makes what a storage told comparable: ids by the order in which they came, recordings as their bytes. */
function comparing(): (value: unknown, name?: string) => Promise<unknown> {
  const ids: unknown[] = [];
  const comparable = async (value: unknown, name?: string): Promise<unknown> => {
    if (name === 'audio_url') return value && (await played(value as string)).toString('base64');
    if (name === 'id') return ids.includes(value) ? ids.indexOf(value) : ids.push(value) - 1;
    if (Array.isArray(value)) return Promise.all(value.map((each) => comparable(each)));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(async ([key, each]) => [key, await comparable(each, key)] as const);
    return Object.fromEntries(await Promise.all(entries));
  };
  return comparable;
}
