// What an agent's markup may consist of where it becomes part of the page: words, tables, pictures, links.

const TAGS =
  'a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure ' +
  'h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup ' +
  'table tbody td tfoot th thead tr u ul var wbr';
const ATTRIBUTES =
  'align alt class colspan dir height href lang open reversed rowspan src start title width';

/** For DOMPurify: nothing else is left, whatever its own defaults are. */
export const ALLOWED = {
  ALLOWED_TAGS: TAGS.split(' '),
  ALLOWED_ATTR: ATTRIBUTES.split(' '),
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false
};
