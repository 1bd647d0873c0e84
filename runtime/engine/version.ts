/** The engine's version; package.json has the same (a test compares them). */
export const engineVersion = '0.1.0';
