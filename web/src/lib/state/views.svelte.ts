// The rows the page shows. One store folds the stream's frames; components only read it.
import { createSubscriber } from 'svelte/reactivity';
import { refuseChanges } from '../api/client';
import type { ApprovalRow, ArtifactRow, LibraryRow, RunRow } from '../api/rows';
import { emptyTables, takePatch, takeSnapshot, type Tables } from '../stream/fold';
import type { Activity, Frame, View } from '../stream/frames';

/** What a person is told who would change something there. */
export const READ_ONLY = 'The past cannot be changed. Go back to now first.';

/** What was there after event `seq`, which happened at `time`; null before the first event. */
export interface Past {
  seq: number;
  time: string | null;
  tables: Pick<Tables, 'library' | 'artifacts' | 'runs'>;
}

type Heard = (activity: Activity) => void;

export class Views {
  #tables: Tables = emptyTables();
  #listeners = new Set<Heard>();
  #changed: Partial<Record<View, () => void>> = {};
  #watch: Record<View, () => void> = {
    library: createSubscriber((update) => void (this.#changed.library = update)),
    artifacts: createSubscriber((update) => void (this.#changed.artifacts = update)),
    runs: createSubscriber((update) => void (this.#changed.runs = update)),
    approvals: createSubscriber((update) => void (this.#changed.approvals = update))
  };
  /** Views of which a snapshot has come: an empty one that is not here is still loading. */
  #known = $state<Partial<Record<View, boolean>>>({});

  #past = $state.raw<Past | null>(null);

  /** The past that is shown; null: what is now. */
  get past(): Past | null {
    return this.#past;
  }

  /** Show the past in place of now, which is kept up to date behind it; null: now again. */
  show(past: Past | null): void {
    this.#past = past;
    refuseChanges(past ? READ_ONLY : '');
  }

  /** Rows by filename. */
  get library(): ReadonlyMap<string, LibraryRow> {
    return this.#read('library');
  }

  /** Rows by `artifactKey(run_id, filename)`. */
  get artifacts(): ReadonlyMap<string, ArtifactRow> {
    return this.#read('artifacts');
  }

  /** Rows by run id. */
  get runs(): ReadonlyMap<string, RunRow> {
    return this.#read('runs');
  }

  /** Rows by `approvalKey(run_id, approval_id)`. */
  get approvals(): ReadonlyMap<string, ApprovalRow> {
    return this.#read('approvals');
  }

  /** Whether a view's rows are there, be they none. */
  has(view: View): boolean {
    return this.#past !== null || (this.#known[view] ?? false);
  }

  /** Fold a frame in. */
  take(frame: Frame): void {
    if (frame.event === 'activity') this.#listeners.forEach((heard) => heard(frame.data));
    if (frame.event === 'snapshot') {
      takeSnapshot(this.#tables, frame.data);
      this.#known[frame.data.view] = true;
      this.#changed[frame.data.view]?.();
    }
    if (frame.event === 'patch') {
      takePatch(this.#tables, frame.data);
      this.#changed[frame.data.view]?.();
    }
  }

  /** Nothing is known any more: the page speaks for another client. */
  forget(): void {
    this.#tables = emptyTables();
    this.#known = {};
    this.show(null);
    for (const update of Object.values(this.#changed)) update();
  }

  /** Hear what agents do this moment; the answer stops it. */
  onActivity(heard: Heard): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  #read<V extends View>(view: V): Tables[V] {
    this.#watch[view]();
    const tables: Partial<Tables> = this.#past?.tables ?? this.#tables;
    return tables[view] ?? this.#tables[view];
  }
}

export const views = new Views();
