// What an editor starts of a build: the server, of which what V8 has compiled is kept for the next time.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCompiled } from './compiled.ts';

const directory = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'slipway/compiled');
runCompiled(join(import.meta.dirname, 'lib/language-server.js'), directory);
