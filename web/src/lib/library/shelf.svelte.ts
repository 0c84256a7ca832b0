// How the library is looked at; kept while its rail is closed.
import type { LibrarySort } from './listing';

export const shelf = $state<{ open: boolean; q: string; sort: LibrarySort }>({
  open: true,
  q: '',
  sort: 'name'
});
