// An HTML file as the source of a frame. The frame runs nothing and its policy fetches nothing; what a policy does not
// govern (hints to look up or connect to a host, links that lead the frame away) is taken out before.
import DOMPurify from 'dompurify';

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'";
// Before anything of the file, so that it holds for all of it.
const HEAD =
  `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
  '<meta http-equiv="x-dns-prefetch-control" content="off">';

export function framed(text: string): string {
  const page = DOMPurify.sanitize(text, {
    WHOLE_DOCUMENT: true,
    RETURN_DOM: true,
    FORBID_TAGS: ['link', 'meta', 'base', 'form', 'iframe', 'object', 'embed', 'audio', 'video']
  }) as HTMLElement;
  for (const link of page.querySelectorAll(':is(a, area)[href]')) {
    const address = link.getAttribute('href') ?? '';
    if (address.startsWith('#')) continue;
    link.setAttribute('title', `Leads to ${address}`);
    link.removeAttribute('href');
  }
  return HEAD + page.outerHTML;
}
