// What a page and the shared worker say to each other.
import type { Frame, Snapshot } from './frames';
import type { Standing } from './feed';

export type ToWorker = { say: 'join'; clientId: string } | { say: 'refresh' | 'retry' | 'leave' };

export type ToPage = { say: 'frame'; frame: Frame } | { say: 'standing'; standing: Standing };

/** Rows the worker has already, told to a page that comes later. */
export type Known = Snapshot;
