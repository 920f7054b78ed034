// SPDX-License-Identifier: Apache-2.0
//
// The specification as a form. Each change makes a new specification or new options; app.tsx checks them.
import { useEffect, useRef, useState } from 'preact/hooks';
import Sortable from 'sortablejs';
import type { Colour, Inspection, Options } from './czm';
import type { Given } from './files';
import { Picker } from './picker';
import {
  borderOf, classesOf, steps, withBorder, withClasses, withKey, withStep, type Class, type Specification,
} from './specification';
import { numberText, type Text } from './texts';

export interface FormProps {
  specification: Specification;
  options: Options;
  formats: string[];
  inspection: Inspection | null;
  t: Text;
  change: (specification: Specification) => void;
  setOptions: (options: Options) => void;
  chooseLicence: (files: Given) => void;
}

const pixelTypes = ['Gray8', 'Gray16', 'Gray32Float', 'Bgr24', 'Bgr48', 'Bgr96Float', 'Bgra32'];
const colorHandlings = ['ConvertToMonochrome', 'SplitRgb'];

function moved<T>(list: T[], from: number, to: number): T[] {
  const result = [...list];
  result.splice(to, 0, ...result.splice(from, 1));
  return result;
}

const hex = (colour?: Colour) => (colour ? `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}` : '#000000');

function Classes({ specification: s, inspection, t, change }: FormProps) {
  const classes = classesOf(s);
  const colours = inspection?.metadata?.classes ?? [];
  const list = useRef<HTMLOListElement>(null);
  const [said, say] = useState(''); // where a class has gone, for screen readers
  const set = (index: number, part: Partial<Class>) =>
    change(withClasses(s, classes.map((old, i) => (i === index ? { ...old, ...part } : old))));
  const move = (from: number, to: number) => {
    change(withClasses(s, moved(classes, from, to)));
    say(`${classes[from].name}: ${to + 1} ${t('of')} ${classes.length}`);
  };
  const latest = useRef(move);
  latest.current = move;
  useEffect(() => {
    const sortable = Sortable.create(list.current!, {
      handle: '.handle',
      onEnd({ from, item, oldIndex, newIndex }) {
        // The list is drawn from the state: the element goes back before the state changes.
        from.insertBefore(item, from.children[oldIndex! < newIndex! ? oldIndex! : oldIndex! + 1] ?? null);
        if (oldIndex !== newIndex) latest.current(oldIndex!, newIndex!);
      },
    });
    return () => sortable.destroy();
  }, []);
  // The focus goes with the class, so that it can be moved on.
  const step = (from: number, by: -1 | 1) => {
    move(from, from + by);
    const buttons = list.current!.children[from + by].querySelectorAll('button');
    const isLast = by < 0 ? from + by === 0 : from + by === classes.length - 1;
    buttons[(by < 0) === isLast ? 1 : 0].focus();
  };
  return (
    <fieldset>
      <legend>{t('classes')}</legend>
      <small>{t('classesHelp')}</small>
      <ol class="classes" ref={list}>
        {classes.map(({ name, colour }, i) => (
          <li key={i}>
            <span class="handle" aria-hidden="true" title={t('drag')}>
              ⠿
            </span>
            <input type="color" aria-label={`${t('colour')} ${i + 1}`} value={colour ?? hex(colours[i]?.colour)}
              onChange={(e) => set(i, { colour: e.currentTarget.value })} />
            <input aria-label={`${t('className')} ${i + 1}`} value={name} onInput={(e) => set(i, { name: e.currentTarget.value })} />
            <button type="button" class="secondary outline" aria-label={`${t('up')}: ${name}`} disabled={i === 0}
              onClick={() => step(i, -1)}>
              ↑
            </button>
            <button type="button" class="secondary outline" aria-label={`${t('down')}: ${name}`}
              disabled={i === classes.length - 1} onClick={() => step(i, 1)}>
              ↓
            </button>
          </li>
        ))}
      </ol>
      <span role="status" class="hidden">{said}</span>
    </fieldset>
  );
}

function Choice(props: { label: string; value: string; values: string[]; empty: string; onChange: (value: string) => void }) {
  const { label, value, values, empty, onChange } = props;
  const all = value && !values.includes(value) ? [...values, value] : values;
  return (
    <label>
      {label}
      <select value={value} onChange={(e) => onChange(e.currentTarget.value)}>
        <option value="">{empty}</option>
        {all.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function Border({ specification: s, inspection, t, change }: FormProps) {
  const border = inspection?.network?.border;
  const required = border?.border ?? null;
  const reason = border?.receptive_field === 'unbounded' ? t('borderUnbounded') : t('borderUnknown');
  return (
    <div>
      <label>
        {t('border')}
        <input type="number" min="0" aria-describedby="border-help" value={Number.isFinite(borderOf(s)) ? borderOf(s) : ''}
          onInput={(e) => change(withBorder(s, e.currentTarget.valueAsNumber || 0))} />
      </label>
      <small id="border-help">
        {required === null ? border && `${reason}.` : `${t('borderRequired')}: ${required} px `}
        {required !== null && required !== borderOf(s) && (
          <button type="button" class="remedy secondary" onClick={() => change(withBorder(s, required))}>
            {t('use')}
          </button>
        )}
      </small>
    </div>
  );
}

// In powers of 1024, as Windows and the rule about memory count.
const bytes = (count: number) =>
  count < 2 ** 30 ? `${numberText(count / 2 ** 20, count < 2 ** 23 ? 1 : 0)} MB` : `${numberText(count / 2 ** 30, 1)} GB`;

function Tile({ specification: s, inspection, t, change }: FormProps) {
  const network = inspection?.network;
  const memory = network?.tile_memory;
  const dims = s.SpatialDims as [number, number] | undefined;
  const shape = network?.input.shape;
  const set = (index: number, value: number) => {
    const size: [number, number] = dims ? [...dims] : [shape?.[1] ?? value, shape?.[2] ?? value];
    size[index] = value;
    change(withKey(s, 'SpatialDims', value ? size : undefined));
  };
  return (
    <fieldset>
      <legend>{t('tile')}</legend>
      <div class="grid">
        {['H', 'W'].map((name, i) => (
          <input key={name} type="number" min="1" aria-label={`${t('tile')} (${name})`} value={dims?.[i] ?? ''}
            step={memory?.tile_multiple ?? 1} placeholder={String(shape?.[i + 1] ?? t('asExported'))}
            onChange={(e) => set(i, e.currentTarget.valueAsNumber || 0)} />
        ))}
      </div>
      {memory?.known && (
        <label>
          {t('tileMemory')}: {bytes(memory.peak)} {t('of')} {bytes(memory.limit)}
          {memory.largest_tile !== null && ` (${t('largestTile')}: ${memory.largest_tile} × ${memory.largest_tile})`}
          <progress class={memory.peak > memory.limit ? 'full' : undefined} value={Math.min(memory.peak, memory.limit)} max={memory.limit} />
        </label>
      )}
    </fieldset>
  );
}

function Steps({ specification: s, inspection, t, change }: FormProps) {
  const before = steps(s, 'Preprocessing');
  const after = steps(s, 'Postprocessing');
  const scale = before.find((step) => step.startsWith('scale='))?.slice('scale='.length) ?? '';
  const isColour = inspection?.network?.input.shape?.[3] === 3 || before.includes('rgb-to-bgr');
  const toggle = (key: 'Preprocessing' | 'Postprocessing', name: string, isOn: boolean) =>
    change(withStep(s, key, name, isOn ? name : null));
  const Switch = (props: { label: string; of: 'Preprocessing' | 'Postprocessing'; step: string; isOn: boolean }) => (
    <label>
      <input type="checkbox" role="switch" checked={props.isOn}
        onChange={(e) => toggle(props.of, props.step, e.currentTarget.checked)} />
      {props.label}
    </label>
  );
  return (
    <fieldset>
      <legend>{t('steps')}</legend>
      {isColour && (
        <Switch label={t('toBgr')} of="Preprocessing" step="rgb-to-bgr" isOn={before.includes('rgb-to-bgr')} />
      )}
      <label>
        {t('scale')}
        <input inputMode="decimal" placeholder={t('none')} value={scale} onChange={(e) =>
          change(withStep(s, 'Preprocessing', 'scale', e.currentTarget.value && `scale=${e.currentTarget.value}` || null))} />
      </label>
      <Switch label={t('softmax')} of="Postprocessing" step="softmax" isOn={after.includes('softmax')} />
      <Switch label={t('sigmoid')} of="Postprocessing" step="sigmoid" isOn={after.includes('sigmoid')} />
    </fieldset>
  );
}

export function Form(props: FormProps) {
  const { specification: s, options, formats, t, change, setOptions, chooseLicence } = props;
  const key = (name: string) => (value: string) => change(withKey(s, name, value || undefined));
  return (
    <section aria-labelledby="form-title">
      <h2 id="form-title">{t('describe')}</h2>
      <form onSubmit={(e) => e.preventDefault()}>
        <label>
          {t('modelName')}
          <input value={options.model_name ?? ''} placeholder={props.inspection?.metadata?.model_name}
            onInput={(e) => setOptions({ ...options, model_name: e.currentTarget.value || undefined })} />
        </label>
        <Classes {...props} />
        <div class="grid">
          <Choice label={t('pixelType')} value={(s.PixelType as string) ?? ''} values={pixelTypes} empty={t('unset')}
            onChange={key('PixelType')} />
          <Choice label={t('colorHandling')} value={(s.ColorHandling as string) ?? ''} values={colorHandlings}
            empty={t('unset')} onChange={key('ColorHandling')} />
        </div>
        <Border {...props} />
        <Tile {...props} />
        <Steps {...props} />
        <p>{t('license')}: {(s.LicenseFile as string) || t('noFile')}</p>
        <div class="buttons">
          <Picker id="licence" label={t('chooseLicence')} onFiles={([chosen]) => chooseLicence(chosen)} />
        </div>
        <div class="grid">
          <Choice label={t('format')} value={options.format ?? ''} values={formats} empty={t('formatOwn')}
            onChange={(format) => setOptions({ ...options, format: format || undefined, zen: undefined })} />
          <label>
            {t('zen')}
            <input placeholder={t('zenAny')} value={options.zen ?? ''} onChange={(e) =>
              setOptions({ ...options, zen: e.currentTarget.value || undefined, format: undefined })} />
          </label>
        </div>
      </form>
    </section>
  );
}
