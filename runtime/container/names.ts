// Names for containers that were given none: two words that are easy to say and to type.
import { randomInt } from 'node:crypto';
import { EngineError } from '../protocol/errors.ts';

const qualities = (
  'able amber ample apt bold brave breezy bright brisk calm candid cheery clear clever cosy crisp daring deft eager early easy even fair ' +
  'fine firm fond fresh gentle glad golden grand happy hardy honest humble jolly keen kind lively loyal lucid lucky mellow merry mild modest ' +
  'neat nimble noble patient placid plucky polite proud quick quiet rapid ready robust rosy serene sharp shiny silent silver sleek smart smooth ' +
  'snug solid spry steady still stout sturdy sunny swift tidy tranquil trim true upbeat vivid warm wary wise witty young zesty'
).split(' ');

const ships = (
  'argosy barge bark barque bilander birlinn brig brigantine caique canoe caravel carrack catboat clipper cog coracle corvette currach ' +
  'cutter dhow dinghy dogger dory drifter dromon dugout felucca ferry fishboat flyboat frigate galleon galley galliot gig gondola hooker ' +
  'hoy hulk jolly junk kayak keel ketch knarr launch liner longship lorcha lugger nef packet pilot pinnace pirogue polacca pontoon proa punt ' +
  'raft sampan schooner scow sharpie skiff skipjack sloop smack snow steamer tartane tender trawler trimaran tug umiak wherry whaler ' +
  'windjammer xebec yacht yawl'
).split(' ');

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** The name without its slash. Throws `InvalidArgument`. */
export function checkName(text: string): string {
  const name = text.startsWith('/') ? text.slice(1) : text;
  if (!pattern.test(name) || name.length > 255)
    throw new EngineError(
      'InvalidArgument',
      `Invalid container name (${name.slice(0, 300)}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  return name;
}

/** A name that `isFree`; with a number behind it once the words run out. */
export function generateName(isFree: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt += 1) {
    const words = `${qualities[randomInt(qualities.length)]}_${ships[randomInt(ships.length)]}`;
    const name = attempt < 5 ? words : `${words}${randomInt(10 ** Math.min(attempt, 9))}`;
    if (isFree(name)) return name;
  }
}
