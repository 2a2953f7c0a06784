import type { IStorageService } from './IStorageService';

/** Save everything of one storage in another, oldest first; how many there were. May be repeated: nothing is saved twice. */
export async function copySessions(from: IStorageService, to: IStorageService): Promise<number> {
  const listed = (await from.getSessions()).reverse();
  for (const { id } of listed) {
    const session = await from.getSessionById(id);
    if (session) await to.saveSession(session);
  }
  return listed.length;
}
