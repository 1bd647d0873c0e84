// Writes RULES.md anew: `node language-server/lint/write_pages.ts`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rulePages } from './pages.ts';

writeFileSync(join(import.meta.dirname, 'RULES.md'), rulePages());
