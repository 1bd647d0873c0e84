// Another editor's client: Neovim's own one drives the server over standard streams, as its users would.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const installed = spawnSync('nvim', ['--version']).status === 0;
const directory = mkdtempSync(join(tmpdir(), 'slipway-neovim-'));
after(() => rmSync(directory, { recursive: true }));

const text = `ARG VERSION=22
FROM node:$VERSION AS build
WORKDIR /app
COPY src ./
run cd /tmp && npm ci
FROM scratch
COPY --from=build /app /app
`;

interface Answers {
  readonly diagnostics: { code: string; lnum: number; col: number; end_col: number }[];
  readonly completion: string[];
  readonly hover: string;
  readonly definition: number;
  readonly renamed: string[];
  readonly fixed: string[];
  readonly formatted: string[];
  readonly symbols: string[];
  readonly afterEdit: string[];
}

/** What Neovim runs: everything goes through vim.lsp, the answers go into a file. */
function script(server: readonly string[], file: string, output: string): string {
  const list = server.map((word) => JSON.stringify(word)).join(', ');
  return `
vim.cmd('edit ' .. ${JSON.stringify(file)})
local id = vim.lsp.start_client({
  name = 'slipway', cmd = { ${list} }, root_dir = ${JSON.stringify(directory)},
  get_language_id = function() return 'dockerfile' end,
})
vim.lsp.buf_attach_client(0, id)
local function diagnosed(code)
  return function()
    for _, found in ipairs(vim.diagnostic.get(0)) do if found.code == code then return true end end
    return false
  end
end
assert(vim.wait(20000, diagnosed('DL3003'), 20), 'no diagnostics')
local function ask(method, extra)
  local params = vim.tbl_extend('force', vim.lsp.util.make_position_params(0, 'utf-16'), extra or {})
  local answers = assert(vim.lsp.buf_request_sync(0, method, params, 10000))
  assert(answers[id].err == nil, vim.inspect(answers[id].err))
  return answers[id].result
end
local out = { diagnostics = {}, completion = {}, symbols = {}, afterEdit = {} }
for _, found in ipairs(vim.diagnostic.get(0)) do
  table.insert(out.diagnostics, { code = found.code, lnum = found.lnum, col = found.col, end_col = found.end_col })
end
vim.api.nvim_win_set_cursor(0, { 7, 12 })
for _, item in ipairs(ask('textDocument/completion').items) do table.insert(out.completion, item.label) end
local where = ask('textDocument/definition')[1]
out.definition = (where.targetSelectionRange or where.range).start.line
vim.api.nvim_win_set_cursor(0, { 2, 12 })
local hover = ask('textDocument/hover').contents
out.hover = hover.value or hover
for _, symbol in ipairs(ask('textDocument/documentSymbol')) do table.insert(out.symbols, symbol.name) end
vim.lsp.util.apply_workspace_edit(ask('textDocument/rename', { newName = 'RELEASE' }), 'utf-16')
out.renamed = vim.api.nvim_buf_get_lines(0, 0, 2, false)
local casing
assert(vim.wait(10000, diagnosed('ConsistentInstructionCasing'), 20), 'the check is gone after the rename')
local actions = ask('textDocument/codeAction', {
  range = { start = { line = 4, character = 0 }, ['end'] = { line = 4, character = 3 } },
  context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics(0, 4) },
})
for _, action in ipairs(actions) do
  local edit = action.edit or vim.lsp.buf_request_sync(0, 'codeAction/resolve', action, 10000)[id].result.edit
  if casing == nil and action.kind == 'quickfix' and action.title:find('RUN') then casing = edit end
end
vim.lsp.util.apply_workspace_edit(assert(casing, vim.inspect(actions)), 'utf-16')
out.fixed = vim.api.nvim_buf_get_lines(0, 4, 5, false)
assert(vim.wait(10000, function() return not diagnosed('ConsistentInstructionCasing')() end, 20), 'the finding stays')
vim.api.nvim_buf_set_lines(0, 5, 6, false, { 'FROM   scratch' })
vim.lsp.buf.formatting_sync(nil, 10000)
out.formatted = vim.api.nvim_buf_get_lines(0, 5, 6, false)
vim.api.nvim_buf_set_lines(0, 0, 0, false, { '# 🐳 first' })
vim.api.nvim_buf_set_lines(0, -1, -1, false, { 'CMD run' })
assert(vim.wait(10000, diagnosed('JSONArgsRecommended'), 20), 'an edit is not looked at')
for _, found in ipairs(vim.diagnostic.get(0)) do
  if found.code == 'DL3003' or found.code == 'JSONArgsRecommended' then
    table.insert(out.afterEdit, found.code .. ' ' .. found.lnum)
  end
end
vim.lsp.stop_client(id)
vim.fn.writefile({ vim.json.encode(out) }, ${JSON.stringify(output)})
vim.cmd('qall!')
`;
}

test("Neovim's client: problems, completion, hover, definition, rename, quick fix, formatting, edits", (t) => {
  if (!installed) return t.skip('nvim is not installed');
  const file = join(directory, 'Dockerfile');
  const output = join(directory, 'answers.json');
  const lua = join(directory, 'session.lua');
  writeFileSync(file, text);
  const server = [process.execPath, join(import.meta.dirname, '../../language-server/main.ts'), '--stdio'];
  writeFileSync(
    lua,
    `local ok, why = xpcall(function() ${script(server, file, output)} end, debug.traceback)\nif not ok then io.stderr:write(why) vim.cmd('cquit 1') end\n`,
  );
  const run = spawnSync('nvim', ['--clean', '--headless', '-n', '-S', lua], {
    encoding: 'utf8',
    timeout: 90_000,
    env: {
      ...process.env,
      HOME: directory,
      XDG_STATE_HOME: directory,
      SLIPWAY_HOST: 'unix:///nonexistent/slipway.sock',
    },
  });
  assert.equal(run.status, 0, run.stderr);
  const answers = JSON.parse(readFileSync(output, 'utf8')) as Answers;
  const cd = answers.diagnostics.find(({ code }) => code === 'DL3003');
  assert.deepEqual([cd?.lnum, cd?.col, cd?.end_col], [4, 4, 6]);
  assert.ok(answers.completion.includes('build'), answers.completion.join());
  assert.match(answers.hover, /VERSION.*22/s);
  assert.equal(answers.definition, 1);
  assert.deepEqual(answers.renamed, ['ARG RELEASE=22', 'FROM node:$RELEASE AS build']);
  assert.deepEqual(answers.fixed, ['RUN cd /tmp && npm ci']);
  assert.deepEqual(answers.formatted, ['FROM scratch']);
  assert.ok(answers.symbols.length > 0);
  assert.deepEqual(answers.afterEdit.sort(), ['DL3003 5', 'JSONArgsRecommended 8']);
});
