// An icon by what a file is.
import Braces from '@lucide/svelte/icons/braces';
import Code from '@lucide/svelte/icons/code';
import File from '@lucide/svelte/icons/file';
import FileText from '@lucide/svelte/icons/file-text';
import Film from '@lucide/svelte/icons/film';
import Image from '@lucide/svelte/icons/image';
import Music from '@lucide/svelte/icons/music';
import Table from '@lucide/svelte/icons/table';
import type { Component } from 'svelte';
import { ending } from '../format';

const TABLES = new Set(['csv', 'tsv', 'parquet', 'xlsx']);
const PROGRAMS = new Set([
  'py',
  'js',
  'ts',
  'html',
  'css',
  'sql',
  'sh',
  'rs',
  'go',
  'java',
  'c',
  'cpp'
]);

export function iconOf(filename: string, contentType: string): Component<{ size?: number }> {
  const kind = ending(filename);
  if (TABLES.has(kind)) return Table;
  if (kind === 'json' || kind === 'jsonl') return Braces;
  if (PROGRAMS.has(kind)) return Code;
  if (contentType.startsWith('image/')) return Image;
  if (contentType.startsWith('audio/')) return Music;
  if (contentType.startsWith('video/')) return Film;
  if (contentType.startsWith('text/') || kind === 'pdf' || kind === 'md') return FileText;
  return File;
}
