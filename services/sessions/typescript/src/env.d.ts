/** What Vite puts into `import.meta.env`, so that this package checks without Vite; the two declarations merge. */
interface ImportMetaEnv {
  /** Where Tutti answers, such as http://localhost:8000. Empty: where the app itself comes from. */
  readonly VITE_API_URL?: string;
  /** 'true' keeps everything in this browser. */
  readonly VITE_USE_MOCK_STORAGE?: string;
}

interface ImportMeta {
  readonly env: ImportMetaEnv;
}
