// SPDX-License-Identifier: Apache-2.0
//
// The options that remedies have set and that no control of the form shows. Each can be taken back.
import type { Options } from './czm';
import { optionText, type Text } from './texts';

const shownElsewhere = ['model_name', 'format', 'zen'];

export function Settings(props: { options: Options; t: Text; remove: (key: string) => void }) {
  const { options, t, remove } = props;
  const settings = Object.entries(options).filter(([key, value]) => value !== undefined && !shownElsewhere.includes(key));
  if (!settings.length) return null;
  return (
    <section aria-labelledby="settings-title">
      <h2 id="settings-title">{t('settings')}</h2>
      <ul>
        {settings.map(([key, value]) => (
          <li key={key}>
            {optionText(t, key, value === true ? '' : String(value))}{' '}
            <button type="button" class="remedy secondary" onClick={() => remove(key)}>{t('remove')}</button>
          </li>
        ))}
      </ul>
    </section>
  );
}
