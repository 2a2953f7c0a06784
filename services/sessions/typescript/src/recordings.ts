import { StorageError } from './StorageError';

const BASE64 = /^data:[^,]*;base64,((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;
const PIECE_BYTES = 0x8000; // what fits among the arguments of one call

/**
 * A recording as a data URL; '' where there is none, or nothing in it.
 *
 * Takes a data URL, or any address that can be fetched: the blob URL of what was just recorded, or the `audio_url` that another
 * storage gave. Raises `recording_unreadable`.
 */
export async function asDataUrl(url: string | null | undefined): Promise<string> {
  if (!url) return '';
  const found = url.startsWith('data:') ? url : await fetched(url);
  const encoded = BASE64.exec(found)?.[1];
  if (encoded === undefined) throw unreadable('is not Base64');
  return encoded && found;
}

async function fetched(url: string): Promise<string> {
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    const recording = await answer.blob();
    const bytes = new Uint8Array(await recording.arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) text += String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES));
    return `data:${recording.type.replaceAll(' ', '')};base64,${btoa(text)}`;
  } catch (reason) {
    throw unreadable('could not be fetched', reason);
  }
}

function unreadable(why: string, cause?: unknown): StorageError {
  const errors = [{ field: 'audioBase64', message: why }];
  const detail = `audioBase64: ${why}`;
  return new StorageError({ status: 422, code: 'recording_unreadable', detail, errors }, { cause });
}
