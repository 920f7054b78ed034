// SPDX-License-Identifier: Apache-2.0
//
// A button that opens the browser's dialog for files. The browser's own control would be in the language of the browser.
import { useRef } from 'preact/hooks';
import { chosenFiles, type Given } from './files';

interface PickerProps {
  id: string; // of the input
  label: string;
  accept?: string;
  isDisabled?: boolean;
  isFolder?: boolean;
  takesSeveral?: boolean;
  onFiles: (files: Given[]) => void;
}

export function Picker({ id, label, accept, isDisabled, isFolder, takesSeveral, onFiles }: PickerProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="secondary" disabled={isDisabled} onClick={() => input.current!.click()}>{label}</button>
      <input hidden id={id} ref={input} type="file" aria-label={label} accept={accept} multiple={takesSeveral} {...(isFolder && { webkitdirectory: true })}
        onChange={(e) => {
          const files = chosenFiles(e.currentTarget.files!);
          e.currentTarget.value = ''; // so that the same file can be chosen once more
          if (files.length) onFiles(files);
        }} />
    </>
  );
}
