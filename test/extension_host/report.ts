// How the suite's results leave the extension host: a file, named by the environment.

export interface Outcome {
  name: string;
  /** Absent where the test passed. */
  error?: string;
}

export const reportVariable = 'SLIPWAY_TEST_REPORT';
