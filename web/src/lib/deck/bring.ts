// Examples that come with the console, put into the library.
import { at, headers, refusal, Refused } from '../api/client';
import { EXAMPLES } from './scenarios';

const cannotBring = (name: string) =>
  new Refused(
    0,
    'file_not_found',
    `${name} is not in the library and could not be brought. Upload it, then start again.`
  );

/** Put an example into the library under its name. */
export async function bring(name: string): Promise<void> {
  const address = EXAMPLES[name];
  const found = address ? await fetch(address).catch(() => null) : null;
  if (!found?.ok) throw cannotBring(name);
  const body = await found.blob();
  const kept = await fetch(at.library(name), { method: 'PUT', headers: headers(), body }).catch(
    () => null
  );
  if (!kept) throw cannotBring(name);
  if (!kept.ok) throw refusal(kept.status, await kept.json().catch(() => null));
}
