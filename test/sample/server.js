// A small web application: a page, a counter that a volume keeps, and what the container may use.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import mime from 'mime';

const port = Number(process.env.PORT ?? 3000);
const data = process.env.DATA ?? '/data';
const pages = join(import.meta.dirname, 'public');
const counter = join(data, 'visits');

function countVisit() {
  let visits = 0;
  try {
    visits = Number(readFileSync(counter, 'utf8'));
  } catch {
    mkdirSync(data, { recursive: true });
  }
  writeFileSync(counter, String(visits + 1));
  return visits + 1;
}

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  console.log(`${request.method} ${path}`);
  if (path === '/visits') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ visits: countVisit(), host: process.env.HOSTNAME }));
    return;
  }
  const file = path === '/' ? 'index.html' : path.slice(1).replaceAll('..', '');
  try {
    const body = readFileSync(join(pages, file));
    response.setHeader('content-type', mime.getType(file) ?? 'application/octet-stream');
    response.end(body);
  } catch {
    response.writeHead(404).end('not here\n');
  }
});

server.listen(port, () => console.log(`listening on port ${port}`));
process.once('SIGTERM', () => server.close(() => process.exit(0)));
