// The Dockerfile language server: over Node IPC when an editor starts it so, or over standard streams with --stdio.
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { serve } from './server.ts';

// With no transport in the arguments it speaks over standard streams: nothing else would make sense.
const named = process.argv.some((argument) => /^--(stdio|node-ipc|socket|pipe|clientProcessId)\b/.test(argument));
if (!named) process.argv.push('--stdio');
serve(createConnection(ProposedFeatures.all));
