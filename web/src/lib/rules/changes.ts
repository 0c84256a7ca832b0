// What differs between rules as they were and as they are. Pure.
import type { RuleChange, RuleRow } from '../api/rows';

export interface Difference {
  added: string[];
  removed: string[];
  changed: string[];
  switchedOn: string[];
  switchedOff: string[];
}

/** A rule but for whether it applies. */
const written = (rule: RuleRow): string => JSON.stringify({ ...rule, active: true });

/** What a text would change, by the rules' ids. */
export function difference(before: readonly RuleRow[], after: readonly RuleRow[]): Difference {
  const was = new Map(before.map((rule) => [rule.id, rule]));
  const is = new Map(after.map((rule) => [rule.id, rule]));
  const kept = after.flatMap((rule) => {
    const old = was.get(rule.id);
    return old ? [{ id: rule.id, old, rule }] : [];
  });
  const ids = (found: { id: string }[]) => found.map(({ id }) => id);
  return {
    added: ids(after.filter(({ id }) => !was.has(id))),
    removed: ids(before.filter(({ id }) => !is.has(id))),
    changed: ids(kept.filter(({ old, rule }) => written(old) !== written(rule))),
    switchedOn: ids(kept.filter(({ old, rule }) => rule.active && !old.active)),
    switchedOff: ids(kept.filter(({ old, rule }) => !rule.active && old.active))
  };
}

/** A difference in words; empty without any. */
export function inWords({
  added,
  removed,
  changed,
  switchedOn,
  switchedOff
}: Difference): string[] {
  const line = (words: string, ids: string[]) => (ids.length ? [`${words} ${ids.join(', ')}`] : []);
  return [
    ...line('adds', added),
    ...line('removes', removed),
    ...line('changes', changed),
    ...line('switches on', switchedOn),
    ...line('switches off', switchedOff)
  ];
}

export interface Told extends RuleChange {
  /** Ids that apply since, and no longer; null when what was before is not known. */
  came: string[] | null;
  went: string[] | null;
}

/** Changes, newest first, each with what it did to the rules in force. The oldest known stands alone. */
export function told(changes: readonly RuleChange[]): Told[] {
  return changes.map((change, index) => {
    const before = changes[index + 1];
    if (!before) return { ...change, came: null, went: null };
    return {
      ...change,
      came: change.rules.filter((id) => !before.rules.includes(id)),
      went: before.rules.filter((id) => !change.rules.includes(id))
    };
  });
}
