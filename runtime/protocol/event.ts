// Events, in Docker's shape, each with the row that changed, so that a client updates one row and never lists again.
import type { ContainerSummary } from './container_views.ts';
import type { ImageSummary } from './image.ts';
import { call, filters, optionalText, params, text } from './method.ts';
import type { Network } from './network.ts';
import type { Volume } from './volume.ts';

export type EventType = 'container' | 'image' | 'network' | 'volume' | 'builder' | 'daemon';

/**
 * Actions are Docker's. container: attach commit copy create destroy detach die exec_create exec_detach exec_die exec_start
 * export health_status kill oom pause rename resize restart start stop top unpause update, archive-path extract-to-dir.
 * image: delete import load pull push save tag untag prune. network: create connect disconnect destroy remove prune.
 * volume: create mount unmount destroy prune. daemon: reload. builder: prune.
 */
export interface EngineEvent {
  Type: EventType;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: 'local';
  /** Seconds since the epoch. */
  time: number;
  timeNano: number;
  /** Grows by one with each event of this helper; a gap means that a slow client lost some and should list again. */
  sequence: number;
  /** The changed row by `Type`; null when it is gone; absent where the row did not change (exec, attach, …). */
  Record?: ContainerSummary | ImageSummary | Network | Volume | null;
}

/** What the notification `event` carries. */
export interface EventNotification {
  Subscription: string;
  Events: EngineEvent[];
  /** With Until in the past or reached: nothing more comes. */
  Ended?: true;
}

export const eventMethods = {
  'event.subscribe': call<{ Subscription: string }>()({
    summary:
      'Events from now on, or from Since (kept: the last 10,000), to Until. Filters: container daemon event image label network scope type volume.',
    params: params({ Since: optionalText(), Until: optionalText(), Filters: filters() }),
  }),
  'event.unsubscribe': call<null>()({
    summary: 'No more of them.',
    params: params({ Subscription: text() }),
    errors: ['NotFound'],
  }),
} as const;
