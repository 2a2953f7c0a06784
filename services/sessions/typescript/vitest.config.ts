import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** The localStorage of the tests is Node's own, in a file of each run: a real one, with a quota. */
const kept = join(tmpdir(), `practice-${randomUUID()}`);

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--no-warnings', '--experimental-webstorage', `--localstorage-file=${kept}`],
    testTimeout: 20_000,
    fileParallelism: false, // they share an account
  },
});
