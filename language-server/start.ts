// What an editor starts of a build: the server, of which V8 keeps what it has compiled for the next time.
import module, { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// In a directory of the user's own, because what lies there is run. An editor's Node may be older than 22.8 and have no cache.
module.enableCompileCache?.(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'slipway/compiled'));
createRequire(import.meta.filename)('./lib/language-server.js');
