// Which keys belong to what has the focus, and which to the viewer.

const OWN =
  'input, textarea, select, audio, video, [role="menu"], [role="dialog"]:not(.viewer), .rail';

/** Whether a key is meant for the viewer: nothing inside takes it, and it is no shortcut of the browser. */
export function isFree(event: KeyboardEvent): boolean {
  const { target, defaultPrevented, altKey, ctrlKey, metaKey } = event;
  if (defaultPrevented || altKey || ctrlKey || metaKey) return false;
  return !(target instanceof Element && target.closest(OWN));
}

/** Whether the focus is in something that the left and right arrows scroll. */
export function scrollsSideways(target: EventTarget | null): boolean {
  for (
    let node = target as Element | null;
    node && !node.matches('.viewer');
    node = node.parentElement
  )
    if (
      node.scrollWidth > node.clientWidth + 1 &&
      /auto|scroll/.test(getComputedStyle(node).overflowX)
    )
      return true;
  return false;
}

/** Arrow keys in a tree of <details>: up and down walk, right opens, left closes or goes to the parent. */
export function walkTree(tree: HTMLElement) {
  function walk(event: KeyboardEvent) {
    const summary = (event.target as Element).closest('summary');
    const node = summary?.parentElement as HTMLDetailsElement | null | undefined;
    if (!summary || !node || !isFree(event)) return;
    const lines = [...tree.querySelectorAll('summary')];
    const at = lines.indexOf(summary);
    if (event.key === 'ArrowDown') lines[at + 1]?.focus();
    else if (event.key === 'ArrowUp') lines[at - 1]?.focus();
    else if (event.key === 'ArrowRight' && !node.open) node.open = true;
    else if (event.key === 'ArrowRight') lines[at + 1]?.focus();
    else if (event.key === 'ArrowLeft' && node.open) node.open = false;
    else if (event.key === 'ArrowLeft')
      node.parentElement?.closest('details')?.querySelector('summary')?.focus();
    else return;
    event.preventDefault();
  }
  tree.addEventListener('keydown', walk);
  return () => tree.removeEventListener('keydown', walk);
}
