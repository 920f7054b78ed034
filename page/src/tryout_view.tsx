// SPDX-License-Identifier: Apache-2.0
//
// The model tried on an image: image, classes and confidence in one picture.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Colour } from './czm';
import type { Given } from './files';
import { Picker } from './picker';
import { Progress } from './progress';
import { numberText, type Text } from './texts';
import type { Tried } from './tryout';

export interface TryProps {
  image: string | null; // its path
  tried: Tried | string | null; // a text: what was wrong with the image or the network
  names: string[];
  colours: Colour[];
  progress: number | null; // null: it does not run
  isBusy: boolean;
  t: Text;
  chooseImage: (file: Given) => void;
  run: () => void;
  cancel: () => void;
  save: (blob: Blob, name: string) => void;
}

type View = 'mask' | 'confidence';

function Swatch({ colour }: { colour?: Colour }) {
  return <span class="swatch" aria-hidden="true" style={{ background: colour ? `rgb(${colour})` : 'transparent' }} />;
}

function largest(tried: Tried, pixel: number): number {
  let most = 0;
  for (let c = 0; c < tried.classes; c++) most = Math.max(most, tried.probabilities[pixel * tried.classes + c]);
  return most;
}

/** The part of the pixels that each class has, as text. */
function sharesOf({ mask, classes }: Tried): string[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of mask) counts[label]++;
  return counts.map((count) => `${numberText((100 * count) / mask.length, 1)} %`);
}

/** Image and overlay, blended; hidden classes leave the image as it is. */
function draw(canvas: HTMLCanvasElement, tried: Tried, view: View, opacity: number, hidden: Set<number>, colours: TryProps['colours']) {
  const data = new ImageData(tried.image.slice(), tried.width, tried.height);
  for (let i = 0; i < tried.mask.length; i++) {
    const label = tried.mask[i];
    if (view === 'mask' && hidden.has(label)) continue;
    const grey = view === 'confidence' ? 255 * largest(tried, i) : 0;
    for (let c = 0; c < 3; c++) {
      const over = view === 'confidence' ? grey : (colours[label]?.[c] ?? 0);
      data.data[4 * i + c] = data.data[4 * i + c] * (1 - opacity) + over * opacity;
    }
  }
  canvas.width = tried.width;
  canvas.height = tried.height;
  canvas.getContext('2d')!.putImageData(data, 0, 0);
}

function Result(props: TryProps & { tried: Tried }) {
  const { tried, names, colours, t, save } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<View>('mask');
  const [opacity, setOpacity] = useState(0.5);
  const [zoom, setZoom] = useState(1);
  const [hidden, setHidden] = useState(new Set<number>());
  const [under, setUnder] = useState('');
  useEffect(() => draw(canvas.current!, tried, view, opacity, hidden, colours), [tried, view, opacity, hidden, colours]);
  const nameOf = (label: number) => names[label] ?? String(label + 1);
  const shares = useMemo(() => sharesOf(tried), [tried, t]);
  const summary = `${t('result')}. ${shares.map((share, label) => `${nameOf(label)} ${share}`).join(', ')}`;
  const pan = (event: PointerEvent) => {
    const view = event.currentTarget as HTMLElement;
    if (!(event.buttons & 1)) return;
    view.scrollLeft -= event.movementX;
    view.scrollTop -= event.movementY;
  };
  const point = (event: PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * tried.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * tried.height);
    if (x < 0 || y < 0 || x >= tried.width || y >= tried.height) return;
    const at = (y * tried.width + x) * tried.classes;
    const values = [...tried.probabilities.subarray(at, at + tried.classes)];
    setUnder(`x ${x}, y ${y}: ${values.map((value, i) => `${nameOf(i)} ${value.toFixed(3)}`).join(', ')}`);
  };
  const toggle = (label: number, isShown: boolean) => {
    const next = new Set(hidden);
    if (isShown) next.delete(label);
    else next.add(label);
    setHidden(next);
  };
  return (
    <>
      {tried.unused && <p class="finding warning" lang="en">{tried.unused}</p>}
      <div class={zoom > 1 ? 'result is-zoomed' : 'result'} tabIndex={0} role="group" aria-label={t('result')} onPointerMove={pan}>
        <canvas ref={canvas} role="img" aria-label={summary} style={{ width: `${100 * zoom}%` }} onPointerMove={point} />
      </div>
      <p id="under">{under || t('pointAt')}</p>
      <div class="grid">
        <label>
          {t('show')}
          <select value={view} onChange={(e) => setView(e.currentTarget.value as View)}>
            <option value="mask">{t('classes')}</option>
            <option value="confidence">{t('confidence')}</option>
          </select>
        </label>
        <label>
          {t('opacity')}
          <input type="range" min="0" max="1" step="0.05" value={opacity} onInput={(e) => setOpacity(e.currentTarget.valueAsNumber)} />
        </label>
        <label>
          {t('zoom')}
          <input type="range" min="1" max="8" step="0.5" value={zoom} onInput={(e) => setZoom(e.currentTarget.valueAsNumber)} />
        </label>
      </div>
      {view === 'mask' && (
        <fieldset>
          <legend>{t('shownClasses')}</legend>
          {Array.from({ length: tried.classes }, (_, label) => (
            <label key={label}>
              <input type="checkbox" checked={!hidden.has(label)} onChange={(e) => toggle(label, e.currentTarget.checked)} />
              <Swatch colour={colours[label]} />
              {nameOf(label)} <small>{shares[label]}</small>
            </label>
          ))}
        </fieldset>
      )}
      <button type="button" class="secondary" onClick={() =>
        canvas.current!.toBlob((blob) => blob && save(blob, 'result.png'), 'image/png')}>
        {t('savePicture')}
      </button>
    </>
  );
}

export function TryOut(props: TryProps) {
  const { image, tried, progress, isBusy, t, chooseImage, run, cancel } = props;
  return (
    <section aria-labelledby="try-title">
      <h2 id="try-title">{t('try')}</h2>
      <p>{t('image')}{image && `: ${image}`}</p>
      <div class="buttons">
        <Picker id="image" label={t('chooseImage')} accept=".png,.jpg,.jpeg,.tif,.tiff" onFiles={([chosen]) => chooseImage(chosen)} />
        <button type="button" id="run" disabled={!image || isBusy} onClick={run}>{t('run')}</button>
      </div>
      <Progress {...{ progress, t, cancel }} />
      {typeof tried === 'string' && <p role="alert" class="finding error" lang="en">{tried}</p>}
      {tried && typeof tried === 'object' && <Result {...props} tried={tried} />}
    </section>
  );
}
