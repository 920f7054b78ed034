// SPDX-License-Identifier: Apache-2.0
//
// The page: its state, and what happens when files arrive, the form changes or the model is wanted.
import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { About, Finding, Inspection, Options, Verdict } from './czm';
import { Engine, example, isFull } from './engine';
import { droppedFiles, inFolder, isImage, targetsOf, type Given, type Target } from './files';
import { Findings } from './findings';
import { Download, extensionOf, pickPlace, save } from './download';
import { Footer } from './footer';
import { Form } from './form';
import { Network } from './network';
import { Picker } from './picker';
import { Settings } from './settings';
import { borderOf, withBorder, withKey, withStep, type Specification } from './specification';
import type { Tried } from './tryout';
import { TryOut } from './tryout_view';
import { firstLanguage, languages, textsOf, type Language, type TextKey } from './texts';

/** A network with its specification, which every kind of input becomes. */
interface Model {
  path: string; // of the specification, below the files
  source: string; // what is converted until the form is edited: the container, whose metadata may hold more
  specification: Specification | null; // null: the file is damaged; its text is checked as it is
  isEdited: boolean;
}

interface Looks {
  inspection: Inspection | null;
  svg: string;
  verdict: Verdict | null;
  findings: Finding[];
}

const nothing: Looks = { inspection: null, svg: '', verdict: null, findings: [] };

// Names that no dropped file has.
const OUT = '.czmodel-page/out';
const UNPACKED = '.czmodel-page/unpacked';

const CHECK_AFTER = 250; // milliseconds after the last change

const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1);
const baseOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** The specification of a target: its own, one that is written for a bare network, or that of a container. */
async function modelOf(engine: Engine, target: Target, options: Options) {
  let path = target.path;
  let findings: Finding[] = [];
  if (target.kind === 'network') {
    path = `${folderOf(target.path)}${baseOf(target.path)}.model_spec.json`;
    await engine.do('remove', path);
    const answer = await engine.do('newSpec', { ...options, source_path: target.path }, path);
    findings = answer.report.findings;
    if (answer.status) return { model: null, findings };
  }
  if (target.kind === 'container') {
    await engine.do('remove', UNPACKED);
    const answer = await engine.do('unpack', target.path, UNPACKED);
    findings = answer.report.findings;
    if (answer.status) return { model: null, findings };
    path = `${UNPACKED}/model_spec.json`;
  }
  let specification: Specification | null = null;
  try {
    specification = JSON.parse((await engine.do('read', path)) ?? '');
  } catch {
    // The library says what is wrong with it.
  }
  const source = target.kind === 'container' ? target.path : path;
  return { model: { path, source, specification, isEdited: false } satisfies Model, findings };
}

function App() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const t = useMemo(() => textsOf(language), [language]);
  document.documentElement.lang = language; // numbers follow it
  const [engine, setEngine] = useState<Engine | null>(null);
  const [about, setAbout] = useState<About | null>(null);
  const [given, setGiven] = useState<Given[]>([]);
  const [targets, setTargets] = useState<Target[]>([]);
  const [target, setTarget] = useState<Target | null>(null);
  const [model, setModel] = useState<Model | null>(null);
  const [options, setOptions] = useState<Options>({});
  const [guesses, setGuesses] = useState<Finding[]>([]);
  const [looks, setLooks] = useState<Looks>(nothing);
  const [status, setStatus] = useState<TextKey>('loading');
  const [fault, setFault] = useState('');
  const [progress, setProgress] = useState<number | null>(null);
  const [name, setName] = useState('');
  const [made, setMade] = useState<{ name: string; model_id: string } | null>(null);
  const [image, setImage] = useState<string | null>(null);
  const [tried, setTried] = useState<Tried | string | null>(null); // a text: what was wrong
  const [isTrying, setTrying] = useState(false);
  const [isOver, setOver] = useState(false);
  const version = useRef(0); // of what is shown: answers to older questions are dropped

  /** Starts a worker, in which `restore` makes the files that the page needs. */
  const start = async (restore: (engine: Engine) => Promise<unknown>) => {
    const { engine, about } = await Engine.start();
    engine.onProgress = setProgress;
    await restore(engine);
    setProgress(null);
    setAbout(about);
    setEngine(engine);
    setStatus('ready');
  };

  // A fault that is not a finding: the worker is replaced, since its state is unknown. The model is left behind, or the
  // live check would meet the same fault.
  const broken = async (error: Error) => {
    engine?.stop();
    setFault(t('stopped') + error.message);
    setModel(null);
    await start((fresh) => fresh.do('put', given));
  };

  useEffect(() => {
    start(async () => {}).catch((error: Error) => setFault(error.message));
  }, []);

  const open = async (target: Target, options: Options) => {
    if (!engine) return;
    const now = ++version.current;
    setTarget(target);
    setModel(null);
    setLooks(nothing);
    setMade(null);
    setTried(null);
    setStatus('working');
    try {
      const { model, findings } = await modelOf(engine, target, options);
      if (now !== version.current) return;
      setProgress(null); // unpacking tells it, too
      setGuesses(model ? findings : []);
      setModel(model);
      const tested = model?.specification?.TestImageFile;
      if (model && typeof tested === 'string' && tested) setImage(folderOf(model.path) + tested);
      if (model) return; // the live check goes on
      setLooks({ ...nothing, findings });
      setStatus('ready');
    } catch (error) {
      await broken(error as Error);
    }
  };

  const take = async (dropped: Given[]) => {
    if (!engine) return;
    setStatus('working');
    const files = inFolder(dropped);
    const found = await targetsOf(files);
    const picture = files.find(({ path }) => isImage(path));
    if (!found.length && picture && target) return chooseImage(picture); // an image for the network that is there
    setFault(found.length ? '' : t('nothing'));
    if (!found.length) return setStatus('ready');
    await engine.do('clear');
    await engine.do('put', files);
    setGiven(files);
    setTargets(found);
    setImage(picture?.path ?? null);
    setOptions({});
    setName('');
    await open(found[0], {});
  };

  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    setStatus('working');
    try {
      await take(await droppedFiles(event.dataTransfer!));
    } catch (error) {
      setFault(t('unreadable') + (error as Error).message);
      setStatus('ready');
    }
  };

  const proposed = options.model_name || looks.inspection?.metadata?.model_name;

  const all = (): Options => ({ ...options, source_path: model!.isEdited ? model!.path : model!.source });

  // The live check: a while after the last change, and again if something changes meanwhile.
  useEffect(() => {
    if (!engine || !model) return;
    const now = ++version.current;
    const look = async () => {
      if (model.isEdited) await engine.do('write', model.path, JSON.stringify(model.specification, null, 4));
      const described = await engine.do('inspect', all());
      const checked = await engine.do('check', all());
      if (now !== version.current) return;
      setLooks({
        inspection: described.result?.inspection ?? null,
        svg: described.result?.svg ?? '',
        verdict: checked.result,
        findings: checked.report.findings,
      });
      setStatus('ready');
    };
    const timer = setTimeout(() => look().catch(broken), model.isEdited ? CHECK_AFTER : 0);
    return () => clearTimeout(timer);
  }, [engine, model, options]);

  const change = (specification: Specification) => {
    setMade(null);
    setTried(null);
    setStatus('working');
    setModel({ ...model!, specification, isEdited: true });
  };

  const changeOptions = (options: Options) => {
    setMade(null);
    setTried(null);
    setStatus('working');
    setOptions(options);
    if (!model && target) void open(target, options); // a choice without which there is no specification
  };

  const apply = (option: string, value: string) => {
    const s = model?.specification;
    if (s && option === 'border') {
      const computed = looks.inspection?.network?.border.border;
      return change(withBorder(s, value === 'auto' ? (computed ?? borderOf(s)) : Number(value)));
    }
    if (s && option === 'spatial_dims') return change(withKey(s, 'SpatialDims', value.split(',').map(Number)));
    if (s && option === 'preprocessing') return change(withStep(s, 'Preprocessing', value.split('=')[0], value));
    if (s && option === 'postprocessing') return change(withStep(s, 'Postprocessing', value.split('=')[0], value));
    if (s && option === 'value_range') return change(withKey(s, 'ValueRange', value));
    if (option === 'allow') return changeOptions({ ...options, allow: [...(options.allow ?? []), ...value.split(',')] });
    changeOptions({ ...options, [option]: value === '' ? true : value });
  };

  /** Into the folder of downloads, or where the user wants it. */
  const convert = async (isPlaced: boolean) => {
    if (!engine || !model) return;
    const title = name || proposed || 'model';
    const place = isPlaced ? await pickPlace(`${title}.${extensionOf(options, looks.verdict)}`) : null;
    if (isPlaced && !place) return;
    setMade(null);
    setProgress(0);
    try {
      if (model.isEdited) await engine.do('write', model.path, JSON.stringify(model.specification, null, 4));
      const answer = await engine.do('convert', { ...all(), output_folder: OUT, output_name: title });
      if (answer.file) {
        const file = baseOf(answer.result!.path);
        if (place) await place.write(answer.file);
        else save(answer.file, file);
        setMade({ name: place?.name ?? file, model_id: answer.result!.model_id });
      }
      setLooks((old) => ({ ...old, findings: answer.report.findings }));
    } catch (error) {
      await broken(error as Error);
    }
    setProgress(null);
  };

  const chooseImage = async (chosen: Given) => {
    await engine!.do('put', [chosen]);
    setGiven([...given.filter(({ path }) => path !== chosen.path), chosen]);
    setImage(chosen.path);
    setTried(null);
    setFault('');
    setStatus('ready');
  };

  const tryOut = async () => {
    if (!engine || !image) return;
    setTrying(true);
    setTried(null);
    setProgress(0);
    try {
      await engine.needRuntime();
      if (model!.isEdited) await engine.do('write', model!.path, JSON.stringify(model!.specification, null, 4));
      const result = await engine.do('tryOut', all(), image);
      setTried(typeof result === 'string' ? `${image}: ${result}` : result);
    } catch (error) {
      await broken(error as Error);
    }
    setTrying(false);
    setProgress(null);
  };

  // A call of the module ends with its worker. What the user has entered stays.
  const cancel = async () => {
    engine?.stop();
    setProgress(null);
    setTrying(false);
    setStatus('working');
    await start(async (fresh) => {
      await fresh.do('put', given);
      if (target) await modelOf(fresh, target, options);
    });
  };

  const chooseLicence = async (licence: Given) => {
    const path = folderOf(model!.path) + licence.path;
    await engine!.do('put', [{ ...licence, path }]);
    setGiven([...given, { ...licence, path }]);
    change(withKey(model!.specification!, 'LicenseFile', licence.path));
  };

  // A guess about the network is worth reading until the form is edited; what a container holds beside its
  // specification, when it is edited.
  const isTold = model && model.isEdited === (target?.kind === 'container');
  const findings = [...looks.findings, ...(isTold ? guesses : [])].map((finding) => ({
    ...finding,
    where: model && finding.where.startsWith(`${model.path}: `) ? finding.where.slice(model.path.length + 2) : finding.where,
  }));
  const classes = looks.inspection?.metadata?.classes ?? [];
  return (
    <>
      <header class="container">
        <h1>{t('title')}</h1>
        <p>{t('lead')}</p>
        <label class="language">
          {t('language')}
          <select value={language} onChange={(e) => setLanguage(e.currentTarget.value as Language)}>
            {languages.map(({ id, name }) => (
              <option key={id} value={id}>{name}</option>
            ))}
          </select>
        </label>
      </header>
      <main class="container">
        <section class={isOver ? 'drop over' : 'drop'} aria-labelledby="open-title"
          onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)}
          onDrop={drop}>
          <h2 id="open-title">{t('open')}</h2>
          <p>{t('drop')}</p>
          <div class="buttons">
            <Picker id="files" label={t('chooseFiles')} takesSeveral isDisabled={!engine} onFiles={take} />
            <Picker id="folder" label={t('chooseFolder')} isFolder isDisabled={!engine} onFiles={take} />
            {isFull && (
              <button type="button" id="example" class="secondary outline" disabled={!engine} onClick={async () => take(await example())}>
                {t('example')}
              </button>
            )}
          </div>
          {!target && isFull && <p>{t('first')}</p>}
          <p role="status" id="status">{t(status)}</p>
          {fault && <p role="alert" class="finding error">{fault}</p>}
          {targets.length > 1 && (
            <label>
              {t('several')}
              <select value={target?.path} onChange={(e) => {
                setOptions({});
                void open(targets.find(({ path }) => path === e.currentTarget.value)!, {});
              }}>
                {targets.map(({ path }) => <option key={path}>{path}</option>)}
              </select>
            </label>
          )}
        </section>
        {target && (
          <>
            <Network {...looks} path={target.path} t={t} />
            <div class="columns">
              <div>
                <Findings {...{ findings, language, t, apply }} verdict={looks.verdict} usual={about?.rules ?? []} />
                <Settings {...{ options, t }} remove={(key) => changeOptions({ ...options, [key]: undefined })} />
                {model && isFull && (
                  <TryOut {...{ image, tried, cancel, save, chooseImage, t }} run={tryOut} isBusy={progress !== null}
                    progress={isTrying ? progress : null} names={classes.map(({ name }) => name)}
                    colours={classes.map(({ colour }) => colour)} />
                )}
              </div>
              <div>
                {model?.specification && (
                  <Form {...{ specification: model.specification, options, formats: about?.formats ?? [], inspection: looks.inspection, t, change, chooseLicence }}
                    setOptions={changeOptions} />
                )}
                {model && (
                  <Download specification={model.specification} {...{ name, setName, proposed, made, convert, cancel, t }}
                    isBusy={progress !== null} progress={isTrying ? null : progress} />
                )}
              </div>
            </div>
          </>
        )}
      </main>
      <Footer version={about?.version ?? ''} t={t} />
    </>
  );
}

render(<App />, document.getElementById('app')!);
