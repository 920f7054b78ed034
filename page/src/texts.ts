// SPDX-License-Identifier: Apache-2.0
//
// Everything that the page says, in each language. What the library says (findings, rules) is English.

const table = {
  title: ['czmodel: a network for ZEN', 'czmodel: ein Netzwerk für ZEN'],
  lead: [
    'Converts a trained network into a CZModel. Your files stay on this computer.',
    'Wandelt ein trainiertes Netzwerk in ein CZModel um. Ihre Dateien bleiben auf diesem Computer.',
  ],
  language: ['Language', 'Sprache'],
  open: ['Open', 'Öffnen'],
  drop: [
    'Drop a network here: a SavedModel (folder or .zip), .keras, .h5, .onnx, .czmodel, .czseg, .czann, or a specification (.json) with its files.',
    'Legen Sie hier ein Netzwerk ab: ein SavedModel (Ordner oder .zip), .keras, .h5, .onnx, .czmodel, .czseg, .czann oder eine Spezifikation (.json) mit ihren Dateien.',
  ],
  chooseFiles: ['Choose files', 'Dateien wählen'],
  chooseFolder: ['Choose a folder', 'Ordner wählen'],
  loading: ['Loading czmodel …', 'czmodel wird geladen …'],
  working: ['Working …', 'In Arbeit …'],
  ready: ['Ready.', 'Bereit.'],
  nothing: [
    'None of these files is a network or a specification. Drop a SavedModel folder, or a .zip, .keras, .h5, .onnx, .czmodel, .czseg, .czann or .json file.',
    'Keine dieser Dateien ist ein Netzwerk oder eine Spezifikation. Legen Sie einen SavedModel-Ordner oder eine Datei der Art .zip, .keras, .h5, .onnx, .czmodel, .czseg, .czann oder .json ab.',
  ],
  stopped: [
    'The conversion ended without a result, probably because the memory of the browser is used up. Close other tabs, or use the czmodel command. Details: ',
    'Die Umwandlung endete ohne Ergebnis, wahrscheinlich weil der Speicher des Browsers erschöpft ist. Schließen Sie andere Tabs, oder verwenden Sie den Befehl czmodel. Einzelheiten: ',
  ],
  several: ['These files contain several networks', 'Diese Dateien enthalten mehrere Netzwerke'],
  network: ['Network', 'Netzwerk'],
  picture: ['Picture of the layers of the network', 'Bild der Schichten des Netzwerks'],
  input: ['Input', 'Eingabe'],
  output: ['Output', 'Ausgabe'],
  exporter: ['Exporter', 'Exportiert von'],
  parameters: ['Parameters', 'Parameter'],
  runsIn: ['This model runs in ', 'Dieses Modell läuft in '],
  newer: [' and newer', ' und neuer'],
  and: [' and in ', ' und in '],
  runsNot: ['This model cannot be converted yet. The findings say why.', 'Dieses Modell kann noch nicht umgewandelt werden. Die Befunde nennen den Grund.'],
  findings: ['Findings', 'Befunde'],
  noFindings: ['No findings: every rule that was checked has passed.', 'Keine Befunde: Jede geprüfte Regel ist erfüllt.'],
  error: ['Error', 'Fehler'],
  warning: ['Warning', 'Warnung'],
  note: ['Note', 'Hinweis'],
  fix: ['Remedy', 'Abhilfe'],
  rule: ['Rule', 'Regel'],
  allow: ['Convert anyway', 'Trotzdem umwandeln'],
  rules: ['All rules', 'Alle Regeln'],
  passed: ['passed', 'erfüllt'],
  found: ['findings', 'Befunde'],
  'not checked': ['not checked', 'nicht geprüft'],
  describe: ['Description', 'Beschreibung'],
  modelName: ['Model name', 'Modellname'],
  classes: ['Classes', 'Klassen'],
  classesHelp: ['In the order of the output channels. Drag to reorder.', 'In der Reihenfolge der Ausgabekanäle. Zum Umordnen ziehen.'],
  className: ['Name of class', 'Name der Klasse'],
  up: ['Move up', 'Nach oben'],
  down: ['Move down', 'Nach unten'],
  pixelType: ['Pixel type', 'Pixeltyp'],
  colorHandling: ['Colour handling', 'Farbbehandlung'],
  unset: ['not set', 'nicht gesetzt'],
  border: ['Border in pixels', 'Rand in Pixeln'],
  borderRequired: ['Required by the network', 'Vom Netzwerk benötigt'],
  borderUnknown: ['The required border cannot be computed', 'Der benötigte Rand lässt sich nicht berechnen'],
  borderUnbounded: ['No border is enough: the receptive field is unbounded', 'Kein Rand genügt: Das rezeptive Feld ist unbeschränkt'],
  use: ['Use', 'Übernehmen'],
  tile: ['Tile size in pixels', 'Kachelgröße in Pixeln'],
  asExported: ['as exported', 'wie exportiert'],
  tileMemory: ['Memory for one tile', 'Speicher für eine Kachel'],
  of: ['of', 'von'],
  largestTile: ['largest tile', 'größte Kachel'],
  steps: ['Steps before and after the network', 'Schritte vor und nach dem Netzwerk'],
  toBgr: ['The network expects red first (RGB)', 'Das Netzwerk erwartet Rot zuerst (RGB)'],
  scale: ['Factor for pixel values', 'Faktor für Pixelwerte'],
  none: ['none', 'keiner'],
  softmax: ['Softmax after the network', 'Softmax nach dem Netzwerk'],
  sigmoid: ['Sigmoid after the network', 'Sigmoid nach dem Netzwerk'],
  license: ['Licence file', 'Lizenzdatei'],
  format: ['Format', 'Format'],
  formatOwn: ['what fits the network', 'passend zum Netzwerk'],
  zen: ['Version of ZEN blue, for example 3.4', 'Version von ZEN blue, zum Beispiel 3.4'],
  zenAny: ['any', 'beliebig'],
  saveSpecification: ['Save the specification', 'Spezifikation speichern'],
  download: ['Download', 'Herunterladen'],
  fileName: ['File name', 'Dateiname'],
  convert: ['Convert and download', 'Umwandeln und herunterladen'],
  cancel: ['Cancel', 'Abbrechen'],
  written: ['Written', 'Geschrieben'],
  modelId: ['Model id', 'Modell-ID'],
  settings: ['Settings from remedies', 'Einstellungen aus Abhilfen'],
  remove: ['Remove', 'Entfernen'],
} satisfies Record<string, [en: string, de: string]>;

export type TextKey = keyof typeof table;
export type Language = 'en' | 'de';

export const languages: { id: Language; name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'de', name: 'Deutsch' },
];

export const firstLanguage = (): Language => (navigator.language.startsWith('de') ? 'de' : 'en');

export const textsOf = (language: Language) => (key: TextKey) => table[key][language === 'de' ? 1 : 0];

export type Text = ReturnType<typeof textsOf>;
