// What a drop or a paste holds, as files to upload.

/** A picture without a file: every one is called this. */
const NAMELESS = /^image\.(png|jpe?g|gif|webp)$/;

/** A pasted picture gets a name of its own, so that the next one does not become its second version. */
export function pasted(file: File, now: Date): File {
  const kind = NAMELESS.exec(file.name)?.[1];
  if (!kind) return file;
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  return new File([file], `pasted_${day}_${time}.${kind}`, { type: file.type });
}

/** Files of a drop and the names of its folders, which have no bytes to upload. */
export function dropped(data: Pick<DataTransfer, 'items'>): { files: File[]; folders: string[] } {
  const files: File[] = [];
  const folders: string[] = [];
  for (const item of data.items) {
    const entry = item.kind === 'file' ? item.webkitGetAsEntry?.() : null;
    const file = item.getAsFile();
    if (entry?.isDirectory) folders.push(entry.name);
    else if (file) files.push(file);
  }
  return { files, folders };
}
