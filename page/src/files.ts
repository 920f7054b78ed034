// SPDX-License-Identifier: Apache-2.0
//
// The dropped or chosen files with their paths, and the networks among them.

export interface Given {
  path: string; // below the folder that holds what was dropped
  file: File;
}

/** A file or folder that can be opened. */
export interface Target {
  kind: 'specification' | 'container' | 'network';
  path: string;
}

export const isImage = (path: string) => /\.(png|jpe?g|tiff?)$/i.test(path);

// A folder of more files is hardly a network; a home folder, dropped by accident, has millions.
const MOST_FILES = 20000;

// There are two interfaces to a folder that was dropped. Chromium has both, but its FileSystemEntry gives no file on a
// page that was opened from a file; Firefox and Safari have no getAsFileSystemHandle().
type Entry = FileSystemEntry | FileSystemHandle;

const isHandle = (entry: Entry): entry is FileSystemHandle => 'kind' in entry;
const isFolder = (entry: Entry) => (isHandle(entry) ? entry.kind === 'directory' : entry.isDirectory);

async function entriesOf(folder: Entry): Promise<Entry[]> {
  const found: Entry[] = [];
  if (isHandle(folder)) {
    for await (const handle of (folder as FileSystemDirectoryHandle).values()) found.push(handle);
    return found;
  }
  const reader = (folder as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    found.push(...some);
  }
}

const fileOf = (entry: Entry) =>
  isHandle(entry)
    ? (entry as FileSystemFileHandle).getFile()
    : new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));

// Dropped items exist only during the event, so all are requested before the first await.
function entryOf(item: DataTransferItem): Promise<Entry | null> {
  const { getAsFileSystemHandle } = item as { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };
  return getAsFileSystemHandle ? getAsFileSystemHandle.call(item) : Promise.resolve(item.webkitGetAsEntry());
}

export async function droppedFiles(transfer: DataTransfer): Promise<Given[]> {
  const entries = await Promise.all([...transfer.items].filter(({ kind }) => kind === 'file').map(entryOf));
  const todo = entries.filter((entry) => entry !== null).map((entry) => ({ path: entry.name, entry }));
  const found: Given[] = [];
  for (let next = todo.shift(); next && found.length < MOST_FILES; next = todo.shift()) {
    const { path, entry } = next;
    if (!isFolder(entry)) found.push({ path, file: await fileOf(entry) });
    else for (const inside of await entriesOf(entry)) todo.push({ path: `${path}/${inside.name}`, entry: inside });
  }
  return found;
}

// The files of a SavedModel without their folder get one.
export function inFolder(files: Given[]): Given[] {
  if (!files.some(({ path }) => path === 'saved_model.pb')) return files;
  return files.map(({ path, file }) => ({ path: `model/${path}`, file }));
}

export function chosenFiles(list: FileList): Given[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

async function isSpecification(file: File): Promise<boolean> {
  if (file.size > 1 << 20) return false;
  return /"(ModelPath|BorderSize|ColorHandling|PixelType|ModelMetadata)"/.test(await file.text());
}

const depth = (path: string) => path.split('/').length;

const ends = (path: string, ...endings: string[]) => endings.some((ending) => path.toLowerCase().endsWith(ending));

/**
 * What can be opened, the least deep first, of the kind that says most: where there are specifications, networks
 * belong to them.
 */
export async function targetsOf(files: Given[]): Promise<Target[]> {
  const ranked: { rank: number; target: Target }[] = [];
  const add = (rank: number, kind: Target['kind'], path: string) => ranked.push({ rank, target: { kind, path } });
  for (const { path, file } of files) {
    if (ends(path, '.json') && (await isSpecification(file))) add(0, 'specification', path);
    if (ends(path, '.czmodel', '.czseg', '.czann')) add(1, 'container', path);
    if (path.split('/').pop() === 'saved_model.pb') add(2, 'network', path.slice(0, -'/saved_model.pb'.length));
    if (ends(path, '.keras', '.h5', '.hdf5', '.onnx')) add(3, 'network', path);
    if (ends(path, '.zip')) add(4, 'network', path);
  }
  const best = Math.min(...ranked.map(({ rank }) => rank));
  const targets = ranked.filter(({ rank }) => rank === best).map(({ target }) => target);
  return targets.sort((a, b) => depth(a.path) - depth(b.path));
}
