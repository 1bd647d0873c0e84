// The rows of a list, each kept with its JSON until something of it changes.
import type { ContainerSummary } from '../protocol/container_views.ts';
import { withKnownJson } from '../protocol/known_json.ts';
import type { Container } from './container.ts';
import type { ContainerRecord } from './record.ts';
import { statusText, summarize } from './summary.ts';

interface Row {
  readonly summary: ContainerSummary;
  /** With a comma before it. */
  json: Buffer | undefined;
  /** What the row says, or was made from. Records' members are replaced, not changed within. */
  readonly from: Pick<ContainerRecord, 'attachment' | 'endpoints' | 'hostConfig' | 'name'>;
}

const rows = new WeakMap<Container, Row>();

function isStill({ summary, from }: Row, { record }: Container): boolean {
  const { state } = record;
  return (
    summary.State === state.status &&
    summary.Status === statusText(state) &&
    summary.ExitCode === state.exitCode &&
    summary.StartedAt === state.startedAt &&
    summary.FinishedAt === state.finishedAt &&
    summary.Health === (state.health?.status ?? 'none') &&
    from.name === record.name &&
    from.attachment === record.attachment &&
    from.endpoints === record.endpoints &&
    from.hostConfig === record.hostConfig
  );
}

function rowOf(container: Container): Row {
  const known = rows.get(container);
  if (known !== undefined && isStill(known, container)) return known;
  const { attachment, endpoints, hostConfig, name } = container.record;
  const row = { summary: summarize(container), json: undefined, from: { attachment, endpoints, hostConfig, name } };
  rows.set(container, row);
  return row;
}

function jsonOf(list: readonly Row[]): Buffer[] {
  const parts = list.map((row, index) => {
    row.json ??= Buffer.from(`,${JSON.stringify(row.summary)}`);
    return index === 0 ? row.json.subarray(1) : row.json;
  });
  return [Buffer.from('['), ...parts, Buffer.from(']')];
}

/** Shared with the next list: whoever wants a row to be another makes one of it. */
export function rowsOf(containers: readonly Container[]): ContainerSummary[] {
  const list = containers.map(rowOf);
  return withKnownJson(
    list.map(({ summary }) => summary),
    () => jsonOf(list),
  );
}
