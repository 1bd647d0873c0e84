// What docker_side_by_side.test.ts asks of dockerd 20.10, asked of dockerd 28 in the newest version of the API, and what only that one knows.
import { docker28 } from '../support/dockerd.ts';
import { containerSequences } from './side_by_side/containers.ts';
import { imageSequences } from './side_by_side/images.ts';
import { compareWith } from './side_by_side/judge.ts';
import { known28Forms } from './side_by_side/known28_forms.ts';
import { known28Words } from './side_by_side/known28_words.ts';
import { networkSequences } from './side_by_side/networks.ts';
import { recentTables } from './side_by_side/recent.ts';
import { streamSequences } from './side_by_side/streams.ts';
import { systemSequences } from './side_by_side/system.ts';

compareWith({
  version: '28.5',
  api: '1.51',
  programs: docker28,
  known: [...known28Forms, ...known28Words],
  tables: {
    containers: containerSequences,
    streams: streamSequences,
    images: imageSequences,
    'networks and volumes': networkSequences,
    'system, plugins and swarm': systemSequences,
    ...recentTables,
  },
});
