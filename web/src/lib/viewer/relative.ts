// Addresses inside a file of a run that mean other files of the run.

/** The path that `address`, found in the file `from`, means; null when it points elsewhere or above the run. */
export function relative(from: string, address: string): string | null {
  const plain = address.split(/[?#]/, 1)[0]!;
  if (!plain || /^[a-z][a-z0-9+.-]*:/i.test(plain) || plain.startsWith('/') || plain.includes('\\'))
    return null;
  let decoded: string;
  try {
    decoded = decodeURIComponent(plain);
  } catch {
    return null;
  }
  const parts = from.split('/').slice(0, -1);
  for (const part of decoded.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/') || null;
}

/** What an address calls a heading: "The Method!" → "the-method". */
export const slug = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
