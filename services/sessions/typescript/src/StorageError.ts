/** A problem document (RFC 9457), as Tutti sends it. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
  readonly retry_after_seconds?: number;
}

/** What went wrong: `message` is for people, `code` for programs, `status` that of HTTP (0 where no answer came). */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.problem = problem;
  }

  get status(): number {
    return this.problem.status;
  }

  get code(): string {
    return this.problem.code;
  }

  /** Fields that are wrong, in the words in which Tutti says it. */
  static malformed(errors: readonly { field: string; message: string }[]): StorageError {
    const detail = errors.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
    return new StorageError({ status: 422, code: 'malformed', detail, errors });
  }

  static keyReused(): StorageError {
    const detail = 'A session was saved under this id before, and it was not the same. Save it under a fresh id.';
    return new StorageError({ status: 422, code: 'key_reused', detail });
  }
}
