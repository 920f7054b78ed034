// SPDX-License-Identifier: Apache-2.0
//
// How far a conversion or a trial is, and the button that ends it. Nothing while neither runs.
import type { Text } from './texts';

interface ProgressProps {
  progress: number | null; // 0 to 1; null: nothing runs
  t: Text;
  cancel: () => void;
}

export function Progress({ progress, t, cancel }: ProgressProps) {
  if (progress === null) return null;
  return (
    <p>
      <progress aria-label={t('working')} value={progress} max={1} />
      <button type="button" class="secondary" onClick={cancel}>{t('cancel')}</button>
    </p>
  );
}
