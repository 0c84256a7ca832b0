// Which viewer shows a file, by its type and name.
import { ending } from '../format';

export type Viewer =
  | 'image'
  | 'svg'
  | 'pdf'
  | 'markdown'
  | 'table'
  | 'json'
  | 'html'
  | 'code'
  | 'audio'
  | 'video'
  | 'bytes';

const LANGUAGES: Record<string, string> = {
  py: 'python',
  js: 'javascript',
  mjs: 'javascript',
  ts: 'typescript',
  css: 'css',
  sql: 'sql',
  sh: 'bash',
  yaml: 'yaml',
  yml: 'yaml',
  xml: 'xml',
  rs: 'rust',
  go: 'go',
  java: 'java',
  c: 'c',
  h: 'c',
  cpp: 'cpp',
  r: 'r',
  diff: 'diff',
  patch: 'diff',
  ini: 'ini',
  toml: 'ini',
  jsonl: 'json',
  ndjson: 'json'
};

const TABLES = new Set(['text/csv', 'text/tab-separated-values', 'application/vnd.apache.parquet']);
const TEXTS = new Set([
  'application/yaml',
  'application/toml',
  'application/xml',
  'application/x-ndjson',
  'application/javascript',
  'application/sql'
]);

/** The highlighter's name for a file's language; null for plain text. */
export const languageOf = (filename: string): string | null => LANGUAGES[ending(filename)] ?? null;

export function viewerOf(filename: string, contentType: string): Viewer {
  const type = contentType.split(';', 1)[0]!;
  if (type === 'image/svg+xml') return 'svg';
  if (type.startsWith('image/')) return 'image';
  if (type.startsWith('audio/')) return 'audio';
  if (type.startsWith('video/')) return 'video';
  if (type === 'application/pdf') return 'pdf';
  if (TABLES.has(type)) return 'table';
  if (type === 'text/markdown') return 'markdown';
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  if (type === 'application/json' || (type.endsWith('+json') && type.startsWith('application/')))
    return 'json';
  if (type.startsWith('text/') || TEXTS.has(type) || languageOf(filename)) return 'code';
  return 'bytes';
}

/** Whether a column of DuckDB's type holds numbers. */
export const isNumber = (type: string): boolean =>
  /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/.test(type);
