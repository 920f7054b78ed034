// SPDX-License-Identifier: Apache-2.0
//
// The network: its drawing, input, output, exporter, and the versions of ZEN.
import { useEffect, useState } from 'preact/hooks';
import type { Inspection, Port, Verdict } from './czm';
import { numberText, type Text } from './texts';

const shape = (port: Port) => `${port.dtype} [${port.shape ? port.shape.map((n) => n ?? '?').join(', ') : '?'}]`;

export function summary(verdict: Verdict, t: Text): string {
  if (!verdict.ok) return t('runsNot');
  const products = verdict.zen.map(({ product, since }) => `${product} ${since}${t('newer')}`);
  return `${t('runsIn')}${products.join(t('and'))}.`;
}

// A picture that is a little too wide is made smaller; others are scrolled.
const LEAST_SCALE = 0.6;
const keepLegible = ({ currentTarget: image }: { currentTarget: HTMLImageElement }) => {
  image.style.minWidth = `${LEAST_SCALE * image.naturalWidth}px`;
};

/** A picture is drawn by an img, in which no script and no request is possible. */
function Picture({ svg, t }: { svg: string; t: Text }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [svg]);
  // A scrolled area must be reachable by the keyboard.
  return (
    <div class="picture" tabIndex={0} role="group" aria-label={t('picture')}>
      {url && <img src={url} alt={t('picture')} onLoad={keepLegible} />}
    </div>
  );
}

interface NetworkProps {
  path: string; // of what was opened
  inspection: Inspection | null;
  svg: string;
  verdict: Verdict | null;
  t: Text;
}

export function Network({ path, inspection, svg, verdict, t }: NetworkProps) {
  const network = inspection?.network;
  return (
    <section aria-labelledby="network-title">
      <h2 id="network-title">{t('network')}</h2>
      {verdict && <p class={verdict.ok ? 'good' : 'bad'}>{summary(verdict, t)}</p>}
      <dl>
        <dt>{t('file')}</dt>
        <dd>{path}</dd>
        {network && (
          <>
            <dt>{t('input')}</dt>
            <dd>
              {network.input.name} <code>{shape(network.input)}</code>
            </dd>
            <dt>{t('output')}</dt>
            <dd>
              {network.output.name} <code>{shape(network.output)}</code>
            </dd>
            {network.exporter && (
              <>
                <dt>{t('exporter')}</dt>
                <dd>{/^\d/.test(network.exporter) ? `TensorFlow ${network.exporter}` : network.exporter}</dd>
              </>
            )}
            <dt>{t('parameters')}</dt>
            <dd>{numberText(network.parameters)}</dd>
          </>
        )}
      </dl>
      {svg && <Picture svg={svg} t={t} />}
    </section>
  );
}
