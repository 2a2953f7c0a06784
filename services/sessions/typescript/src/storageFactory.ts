import { ApiStorageService } from './ApiStorageService';
import type { IStorageService } from './IStorageService';
import { LocalStorageService } from './LocalStorageService';

const USE_MOCK = import.meta.env.VITE_USE_MOCK_STORAGE === 'true';

export const storageService: IStorageService = USE_MOCK ? new LocalStorageService() : new ApiStorageService();
