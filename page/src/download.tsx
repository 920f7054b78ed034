// SPDX-License-Identifier: Apache-2.0
//
// How the result gets to the disk: as a download, or, where the browser has the File System Access API, into a file
// that the user has chosen.
import type { Options, Verdict } from './czm';
import { Progress } from './progress';
import type { Text } from './texts';

export function save(blob: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// TypeScript does not describe it, since not all browsers have it.
type ShowSaveFilePicker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

const picker = () => (window as unknown as { showSaveFilePicker?: ShowSaveFilePicker }).showSaveFilePicker;

/** The browser copies the parts of the Blob, most of which lie in files. Nothing appears unless all are written. */
async function write(handle: FileSystemFileHandle, blob: Blob) {
  const file = await handle.createWritable();
  try {
    await file.write(blob);
    await file.close();
  } catch (error) {
    await file.abort().catch(() => {}); // it may have ended already
    throw error;
  }
}

/** A file that the user has chosen. */
export interface Place {
  name: string;
  write(blob: Blob): Promise<void>;
}

/** Asks for it; null: the user has changed their mind. */
export async function pickPlace(suggestedName: string): Promise<Place | null> {
  try {
    const handle = await picker()!({ suggestedName });
    return { name: handle.name, write: (blob) => write(handle, blob) };
  } catch (error) {
    if ((error as Error).name === 'AbortError') return null;
    throw error;
  }
}

export const extensionOf = (options: Options, verdict: Verdict | null) =>
  verdict?.model_version.startsWith('czann') ? 'czann' : (options.extension ?? 'czmodel');

export interface DownloadProps {
  specification: object | null;
  name: string;
  proposed: string | undefined;
  made: { name: string; model_id: string } | null;
  isBusy: boolean;
  progress: number | null; // null: no conversion runs
  t: Text;
  setName: (name: string) => void;
  convert: (isPlaced: boolean) => void;
  cancel: () => void;
}

export function Download(props: DownloadProps) {
  const { specification, name, proposed, made, isBusy, progress, t, setName, convert, cancel } = props;
  const saveSpecification = () =>
    save(new Blob([JSON.stringify(specification, null, 4)], { type: 'application/json' }), 'model_spec.json');
  return (
    <section aria-labelledby="download-title">
      <h2 id="download-title">{t('download')}</h2>
      <label>
        {t('fileName')}
        <input id="name" value={name} placeholder={proposed} onInput={(e) => setName(e.currentTarget.value)} />
      </label>
      <div class="buttons">
        <button type="button" id="convert" disabled={isBusy} onClick={() => convert(false)}>{t('convert')}</button>
        {picker() && (
          <button type="button" id="save-as" class="outline" disabled={isBusy} onClick={() => convert(true)}>{t('saveAs')}</button>
        )}
        {specification && (
          <button type="button" class="secondary outline" onClick={saveSpecification}>{t('saveSpecification')}</button>
        )}
      </div>
      <Progress {...{ progress, t, cancel }} />
      {made && <p role="status" id="made">{t('written')}: {made.name}. {t('modelId')}: <code>{made.model_id}</code></p>}
    </section>
  );
}
