// SPDX-License-Identifier: Apache-2.0
//
// The footer: the version, and the licences of the contents.
import { useState } from 'preact/hooks';
import { licences } from './engine';
import type { Text } from './texts';

export function Footer({ version, t }: { version: string; t: Text }) {
  const [text, setText] = useState('');
  const load = async () => setText(text || (await licences()));
  return (
    <footer class="container">
      <small>czmodel {version}, Apache License 2.0</small>
      <details onToggle={load}>
        <summary>{t('licences')}</summary>
        <pre tabIndex={0} lang="en">{text}</pre>
      </details>
    </footer>
  );
}
