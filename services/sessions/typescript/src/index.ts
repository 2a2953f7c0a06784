export { ApiStorageService, type ApiOptions } from './ApiStorageService';
export { copySessions } from './copying';
export type { IStorageService } from './IStorageService';
export { LocalStorageService, type LocalOptions } from './LocalStorageService';
export { StorageError, type Problem } from './StorageError';
export { takeTokensFrom, type TokenGetter } from './tutti';
export type { SessionData, UserStatsData } from './types';
