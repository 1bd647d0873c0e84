// Which containers a view shows, in which order and under which headings. Pure: the view and the tests call it.
import type { ContainerSummary } from '../../runtime/protocol/container_views.ts';
import { fuzzyMatches } from './fuzzy.ts';

export type GroupBy = 'none' | 'project' | 'network' | 'image' | 'state' | 'label';
export type SortBy = 'name' | 'created' | 'state' | 'image';

export interface ContainerChoice {
  groupBy: GroupBy;
  /** The label that `label` groups by. */
  groupLabel: string;
  sortBy: SortBy;
  filter: string;
  hideStopped: boolean;
  /** Paths of the workspace's folders, if only their containers are wanted. */
  onlyFolders?: readonly string[];
}

export interface ContainerGroup {
  /** Stable; empty for containers that stand without a heading. */
  key: string;
  label: string;
  containers: ContainerSummary[];
}

const projectLabels = ['com.docker.compose.project', 'io.podman.compose.project'];
const folderLabels = ['com.docker.compose.project.working_dir', 'devcontainer.local_folder'];
const live = new Set(['running', 'paused', 'restarting']);
const stateOrder = ['running', 'restarting', 'paused', 'created', 'exited', 'removing', 'dead'];

export function containerName(container: ContainerSummary): string {
  return container.Names[0]?.replace(/^\//, '') ?? container.Id.slice(0, 12);
}

export function isLive(container: ContainerSummary): boolean {
  return live.has(container.State);
}

/** Groups in the order of their labels, those without a heading last; each group's containers sorted. */
export function groupContainers(containers: readonly ContainerSummary[], choice: ContainerChoice): ContainerGroup[] {
  const groups = new Map<string, ContainerGroup>();
  for (const container of containers) {
    if (!isChosen(container, choice)) continue;
    for (const label of groupLabels(container, choice)) {
      const group = groups.get(label) ?? { key: label, label, containers: [] };
      group.containers.push(container);
      groups.set(label, group);
    }
  }
  const compare = comparisons[choice.sortBy];
  for (const group of groups.values()) group.containers.sort((a, b) => compare(a, b) || a.Id.localeCompare(b.Id));
  return [...groups.values()].sort(
    (a, b) => Number(a.key === '') - Number(b.key === '') || a.label.localeCompare(b.label),
  );
}

function isChosen(container: ContainerSummary, choice: ContainerChoice): boolean {
  if (choice.hideStopped && !isLive(container)) return false;
  if (choice.onlyFolders !== undefined && !belongsTo(container, choice.onlyFolders)) return false;
  const text = `${container.Names.join(' ')} ${container.Image} ${container.State} ${container.Id.slice(0, 12)}`;
  return fuzzyMatches(choice.filter, text);
}

/** By compose's or Dev Containers' label, or because it mounts something of the folder. */
function belongsTo(container: ContainerSummary, folders: readonly string[]): boolean {
  const paths = [
    ...folderLabels.map((label) => container.Labels[label]),
    ...container.Mounts.filter((mount) => mount.Type === 'bind').map((mount) => mount.Source),
  ];
  return paths.some((path) => path !== undefined && folders.some((folder) => isInside(path, folder)));
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function groupLabels(container: ContainerSummary, choice: ContainerChoice): string[] {
  switch (choice.groupBy) {
    case 'none':
      return [''];
    case 'project':
      return [projectLabels.map((label) => container.Labels[label]).find((value) => value !== undefined) ?? ''];
    case 'network':
      return orNothing(Object.keys(container.NetworkSettings.Networks));
    case 'image':
      return [container.Image];
    case 'state':
      return [container.State];
    case 'label':
      return [container.Labels[choice.groupLabel] ?? ''];
  }
}

function orNothing(labels: string[]): string[] {
  return labels.length > 0 ? labels : [''];
}

const comparisons: Record<SortBy, (a: ContainerSummary, b: ContainerSummary) => number> = {
  name: (a, b) => containerName(a).localeCompare(containerName(b), undefined, { numeric: true }),
  created: (a, b) => b.Created - a.Created,
  state: (a, b) => stateOrder.indexOf(a.State) - stateOrder.indexOf(b.State) || b.Created - a.Created,
  image: (a, b) => a.Image.localeCompare(b.Image) || b.Created - a.Created,
};
