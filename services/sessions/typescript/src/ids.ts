const MOST = 2_000; // of the latest saves; each takes some 80 bytes
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
let lastMs = 0;

/** A fresh id (UUIDv7), greater than every one before it. It works on pages without HTTPS too, where randomUUID does not. */
export function newId(): string {
  lastMs = Math.max(Date.now(), lastMs + 1);
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const digits = `${lastMs.toString(16).padStart(12, '0')}7${random.slice(1, 4)}8${random.slice(5)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Whether a storage may have given this id. */
export function isId(id: string): boolean {
  return UUID.test(id);
}

/** Under which id of the caller's each session was saved from this browser; it outlives the page where anything is kept. */
export class SavedAs {
  constructor(
    private readonly storage: Pick<Storage, 'getItem' | 'setItem'>,
    private readonly key: string,
  ) {}

  /** The id that the storage gave; the same one where it is none that somebody saved under. */
  own(id: string): string {
    return this.pairs().find(([theirs]) => theirs === id)?.[1] ?? id;
  }

  remember(theirs: string, own: string): void {
    if (theirs && theirs !== own) this.keep([[theirs, own], ...this.pairs().filter(([each]) => each !== theirs)]);
  }

  forget(own: string): void {
    this.keep(this.pairs().filter(([, each]) => each !== own));
  }

  private pairs(): [string, string][] {
    return JSON.parse(this.storage.getItem(this.key) ?? '[]') as [string, string][];
  }

  private keep(pairs: [string, string][]): void {
    try {
      this.storage.setItem(this.key, JSON.stringify(pairs.slice(0, MOST)));
    } catch {
      // A full storage costs the ids of callers, and no session: lists still tell the storage's own.
    }
  }
}
