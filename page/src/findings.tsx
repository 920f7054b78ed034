// SPDX-License-Identifier: Apache-2.0
//
// What the library found. A remedy that is an option is a button: the library writes options as ⟦name=value⟧
// (cli/page/calls.c).
import { Fragment } from 'preact';
import type { Finding, Verdict } from './czm';
import type { Text } from './texts';

const OPTION = /⟦(\w+)(?:=([^⟧]*))?⟧/;

/** Options that a button can set. All others are shown as text. */
export const settable = new Set([
  'allow', 'as_is', 'border', 'extension', 'format', 'layout', 'model_id', 'model_name', 'output', 'postprocessing', 'preprocessing',
  'signature', 'spatial_dims', 'strict', 'value_range', 'zen',
]);

export type Apply = (option: string, value: string) => void;

/** "use ⟦border=23⟧, or …" as text with buttons. A value in capitals is a placeholder, not a value. */
function Remedy({ text, apply }: { text: string; apply: Apply }) {
  const parts = text.split(new RegExp(OPTION, 'g')); // text, name, value, text, ...
  const shown = [];
  for (let i = 0; i < parts.length; i += 3) {
    shown.push(<Fragment key={i}>{parts[i]}</Fragment>);
    if (i + 1 >= parts.length) break;
    const [name, value] = [parts[i + 1], parts[i + 2] ?? ''];
    const label = value ? `${name.replaceAll('_', ' ')}: ${value}` : name.replaceAll('_', ' ');
    const isValue = value !== '' ? !/^[A-Z,|]+$/.test(value) : name === 'strict' || name === 'as_is';
    shown.push(
      settable.has(name) && isValue ? (
        <button key={name + i} type="button" class="remedy secondary" onClick={() => apply(name, value)}>
          {label}
        </button>
      ) : (
        <strong key={name + i}>{label}</strong>
      ),
    );
  }
  return <>{shown}</>;
}

const plain = (text: string) =>
  text.replace(new RegExp(OPTION, 'g'), (_, name, value) => (value ? `${name}: ${value}` : name).replaceAll('_', ' '));

function Item({ finding: f, t, apply }: { finding: Finding; t: Text; apply: Apply }) {
  return (
    <li class={`finding ${f.severity}`}>
      <p>
        <span class="severity">{t(f.severity)}</span> {f.where && <code>{f.where}</code>} <span lang="en">{plain(f.finding)}</span>
      </p>
      {f.hint && (
        <p>
          <strong>{t('fix')}:</strong> <span lang="en"><Remedy text={f.hint} apply={apply} /></span>
        </p>
      )}
      <p class="why">
        {t('rule')} <code>{f.rule}</code>: <span lang="en">{plain(f.why)}</span>
      </p>
    </li>
  );
}

const List = ({ findings, t, apply }: { findings: Finding[]; t: Text; apply: Apply }) => (
  <ul class="findings">
    {findings.map((finding, i) => (
      <Item key={i} {...{ finding, t, apply }} />
    ))}
  </ul>
);

const GUESS = 'guess'; // the rule about values that czm_new_spec() has chosen

const grave = { error: 0, warning: 1, note: 2 };

export function Findings(props: { findings: Finding[]; verdict: Verdict | null; t: Text; apply: Apply }) {
  const { findings, verdict, t, apply } = props;
  const sorted = [...findings].sort((a, b) => grave[a.severity] - grave[b.severity]);
  const guesses = sorted.filter(({ rule }) => rule === GUESS);
  return (
    <section aria-labelledby="findings-title">
      <h2 id="findings-title">{t('findings')}</h2>
      {findings.length === 0 && <p>{t('noFindings')}</p>}
      {findings.length > 0 && t('findingsLanguage') && <p class="why">{t('findingsLanguage')}</p>}
      <List findings={sorted.filter(({ rule }) => rule !== GUESS)} {...{ t, apply }} />
      {guesses.length > 0 && (
        <details>
          <summary>{t('guesses')} ({guesses.length})</summary>
          <List findings={guesses} {...{ t, apply }} />
        </details>
      )}
      {verdict && (
        <details>
          <summary>{t('rules')}</summary>
          <table>
            <tbody>
              {verdict.rules.map((r) => (
                <tr key={r.rule} class={r.outcome.replace(' ', '-')}>
                  <td>
                    <code>{r.rule}</code>
                  </td>
                  <td lang="en">{r.statement}</td>
                  <td>{t(r.outcome)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </section>
  );
}
