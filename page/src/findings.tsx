// SPDX-License-Identifier: Apache-2.0
//
// The findings of the library. A remedy that is an option is a button: the library writes options as ⟦name=value⟧
// (cli/page/calls.c). In German, rules and usual remedies are translated; what exactly was found is English.
import { Fragment } from 'preact';
import type { About, Finding, Verdict } from './czm';
import { rulesInGerman, type RuleText } from './rules_de';
import { optionText, type Language, type Text } from './texts';

const OPTION = /⟦(\w+)(?:=([^⟧]*))?⟧/g;

/** Options that a button can set. All others are shown as text. */
export const settable = new Set([
  'allow', 'as_is', 'border', 'extension', 'format', 'layout', 'model_id', 'model_name', 'output', 'postprocessing', 'preprocessing',
  'signature', 'spatial_dims', 'strict', 'value_range', 'zen',
]);

export type Apply = (option: string, value: string) => void;

/** "use ⟦border=23⟧, or …" as text with buttons. A value in capitals is a placeholder, not a value. */
function Remedy({ text, t, apply }: { text: string; t: Text; apply: Apply }) {
  const parts = text.split(OPTION); // text, name, value, text, ...
  const shown = [];
  for (let i = 0; i < parts.length; i += 3) {
    shown.push(<Fragment key={i}>{parts[i]}</Fragment>);
    if (i + 1 >= parts.length) break;
    const [name, value] = [parts[i + 1], parts[i + 2] ?? ''];
    const isValue = value !== '' ? !/^[A-Z,|]+$/.test(value) : name === 'strict' || name === 'as_is';
    const label = optionText(t, name, isValue ? value : '');
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

const plain = (text: string, t: Text) => text.replace(OPTION, (_, name, value) => optionText(t, name, value));

const germanOf = (language: Language, rule: string) => (language === 'de' ? rulesInGerman[rule] : undefined);

interface ItemProps {
  finding: Finding;
  language: Language;
  usual: About['rules']; // with the usual remedies
  t: Text;
  apply: Apply;
}

/** A finding as the library says it. */
function Item({ finding: f, t, apply }: ItemProps) {
  return (
    <>
      <p>
        <Mark {...{ f, t }} /> <span lang="en">{plain(f.finding, t)}</span>
      </p>
      {f.hint && (
        <p>
          <strong>{t('fix')}:</strong> <span lang="en"><Remedy text={f.hint} {...{ t, apply }} /></span>
        </p>
      )}
      <p class="why">
        {t('rule')} <code>{f.rule}</code>: <span lang="en">{plain(f.why, t)}</span>
      </p>
    </>
  );
}

/** The rule and its usual remedy, with the options of the finding's own one; what the library says comes last. */
function Translated({ finding: f, usual, t, apply, rule: [, why, remedy] }: ItemProps & { rule: RuleText }) {
  const isUsual = f.hint === usual.find(({ rule }) => rule === f.rule)?.hint;
  const options = f.hint.match(OPTION) ?? [];
  return (
    <>
      <p>
        <Mark {...{ f, t }} /> {why}
      </p>
      {f.hint && (
        <p>
          <strong>{t('fix')}:</strong> <Remedy text={[remedy, ...options].join(' ')} {...{ t, apply }} />
        </p>
      )}
      <p class="why">
        {t('details')}, {t('rule')} <code>{f.rule}</code>:{' '}
        <span lang="en">{plain(isUsual || !f.hint ? f.finding : `${f.finding} (${f.hint})`, t)}</span>
      </p>
    </>
  );
}

const Mark = ({ f, t }: { f: Finding; t: Text }) => (
  <>
    <span class="severity">{t(f.severity)}</span> {f.where && <code>{f.where}</code>}
  </>
);

const List = ({ findings, ...rest }: Omit<ItemProps, 'finding'> & { findings: Finding[] }) => (
  <ul class="findings">
    {findings.map((finding, i) => {
      const rule = germanOf(rest.language, finding.rule);
      return (
        <li key={i} class={`finding ${finding.severity}`}>
          {rule ? <Translated {...{ finding, rule, ...rest }} /> : <Item {...{ finding, ...rest }} />}
        </li>
      );
    })}
  </ul>
);

function AllRules({ verdict, language, t }: { verdict: Verdict; language: Language; t: Text }) {
  return (
    <details>
      <summary>{t('rules')}</summary>
      <table>
        <tbody>
          {verdict.rules.map(({ rule, outcome, statement }) => {
            const german = germanOf(language, rule)?.[0];
            return (
              <tr key={rule} class={outcome.replace(' ', '-')}>
                <td>
                  <code>{rule}</code>
                </td>
                <td lang={german ? language : 'en'}>{german ?? statement}</td>
                <td>{t(outcome)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </details>
  );
}

const GUESS = 'guess'; // the rule about values that czm_new_spec() has chosen

const grave = { error: 0, warning: 1, note: 2 };

export function Findings(props: Omit<ItemProps, 'finding'> & { findings: Finding[]; verdict: Verdict | null }) {
  const { findings, verdict, ...rest } = props;
  const { language, t } = rest;
  const sorted = [...findings].sort((a, b) => grave[a.severity] - grave[b.severity]);
  const guesses = sorted.filter(({ rule }) => rule === GUESS);
  return (
    <section aria-labelledby="findings-title">
      <h2 id="findings-title">{t('findings')}</h2>
      {findings.length === 0 && <p>{t('noFindings')}</p>}
      <List findings={sorted.filter(({ rule }) => rule !== GUESS)} {...rest} />
      {guesses.length > 0 && (
        <details>
          <summary>{t('guesses')} ({guesses.length})</summary>
          <List findings={guesses} {...rest} />
        </details>
      )}
      {verdict && <AllRules {...{ verdict, language, t }} />}
    </section>
  );
}
