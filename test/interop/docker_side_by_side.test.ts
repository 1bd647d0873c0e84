// The same sequences of requests to a real dockerd and to ours: status, headers that clients read, shape of bodies, bytes of
// streams and words of refusals are the same, or the difference is listed with its reason. Ours also keep to Docker's definition.
import { containerSequences } from './side_by_side/containers.ts';
import { imageSequences } from './side_by_side/images.ts';
import { compareWith } from './side_by_side/judge.ts';
import { knownForms } from './side_by_side/known_forms.ts';
import { knownSentences } from './side_by_side/known_sentences.ts';
import { knownWords } from './side_by_side/known_words.ts';
import { networkSequences } from './side_by_side/networks.ts';
import { streamSequences } from './side_by_side/streams.ts';
import { systemSequences } from './side_by_side/system.ts';

compareWith({
  version: '20.10',
  api: '1.41',
  known: [...knownForms, ...knownWords, ...knownSentences],
  tables: {
    containers: containerSequences,
    streams: streamSequences,
    images: imageSequences,
    'networks and volumes': networkSequences,
    'system, plugins and swarm': systemSequences,
  },
});
