// SPDX-License-Identifier: Apache-2.0
//
// Every text of the page, in each language, but for the rules (rules_de.ts). What exactly was found is English, also in
// German: users send findings to the author of a network.

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
  example: ['Open the example', 'Beispiel öffnen'],
  first: [
    'Drop an image together with the network, and the page shows what the network finds in it.',
    'Legen Sie ein Bild zusammen mit dem Netzwerk ab, und die Seite zeigt das Ergebnis des Netzwerks dafür.',
  ],
  saveAs: ['Convert and save as …', 'Umwandeln und speichern unter …'],
  loading: ['Loading czmodel …', 'czmodel wird geladen …'],
  working: ['Working …', 'In Arbeit …'],
  ready: ['Ready.', 'Bereit.'],
  nothing: [
    'None of these files is a network or a specification. Drop a SavedModel folder, or a .zip, .keras, .h5, .onnx, .czmodel, .czseg, .czann or .json file.',
    'Keine dieser Dateien ist ein Netzwerk oder eine Spezifikation. Legen Sie einen SavedModel-Ordner oder eine Datei der Art .zip, .keras, .h5, .onnx, .czmodel, .czseg, .czann oder .json ab.',
  ],
  unreadable: ['The browser cannot read the dropped files. Use the buttons instead. Details: ', 'Der Browser kann die abgelegten Dateien nicht lesen. Verwenden Sie stattdessen die Schaltflächen. Einzelheiten: '],
  stopped: [
    'The conversion ended without a result, probably because the memory of the browser is used up. Close other tabs, or use the czmodel command. Details: ',
    'Die Umwandlung endete ohne Ergebnis, wahrscheinlich weil der Speicher des Browsers erschöpft ist. Schließen Sie andere Tabs, oder verwenden Sie den Befehl czmodel. Einzelheiten: ',
  ],
  licences: ['Licences of the libraries in this page', 'Lizenzen der Bibliotheken in dieser Seite'],
  several: ['These files contain several networks', 'Diese Dateien enthalten mehrere Netzwerke'],
  network: ['Network', 'Netzwerk'],
  picture: ['Drawing of the layers of the network', 'Zeichnung der Schichten des Netzwerks'],
  file: ['File', 'Datei'],
  input: ['Input', 'Eingabe'],
  output: ['Output', 'Ausgabe'],
  exporter: ['Exporter', 'Exportiert von'],
  parameters: ['Parameters', 'Parameter'],
  runsIn: ['This model runs in ', 'Dieses Modell läuft in '],
  newer: [' and newer', ' und neuer'],
  and: [' and in ', ' und in '],
  runsNot: ['This model cannot be converted yet. The findings state the reason.', 'Dieses Modell kann noch nicht umgewandelt werden. Die Befunde nennen den Grund.'],
  findings: ['Findings', 'Befunde'],
  noFindings: ['No findings: every rule that was checked has passed.', 'Keine Befunde: Jede geprüfte Regel ist erfüllt.'],
  details: ['Details', 'Einzelheiten (englisch)'],
  guesses: ['Guessed values: please check them', 'Geschätzte Werte: bitte prüfen'],
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
  classesHelp: ['In the order of the output channels. Drag ⠿ to reorder.', 'In der Reihenfolge der Ausgabekanäle. Zum Umordnen an ⠿ ziehen.'],
  drag: ['Drag to reorder', 'Zum Umordnen ziehen'],
  colour: ['Colour of class', 'Farbe der Klasse'],
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
  formatOwn: ['the one that fits the network', 'passend zum Netzwerk'],
  zen: ['Version of ZEN blue, for example 3.4', 'Version von ZEN blue, zum Beispiel 3.4'],
  zenAny: ['any', 'beliebig'],
  saveSpecification: ['Save the specification', 'Spezifikation speichern'],
  try: ['Try', 'Ausprobieren'],
  noFile: ['none', 'keine'],
  chooseLicence: ['Choose a licence file', 'Lizenzdatei wählen'],
  chooseImage: ['Choose an image', 'Bild wählen'],
  image: ['Image (PNG, JPEG or TIFF)', 'Bild (PNG, JPEG oder TIFF)'],
  run: ['Run the network on the image', 'Netzwerk auf das Bild anwenden'],
  result: ['Result: the image with the classes of its pixels', 'Ergebnis: das Bild mit den Klassen seiner Pixel'],
  pointAt: ['Point at the image to read probabilities.', 'Zeigen Sie auf das Bild, um Wahrscheinlichkeiten zu lesen.'],
  show: ['Show', 'Anzeigen'],
  confidence: ['Confidence', 'Konfidenz'],
  opacity: ['Opacity', 'Deckkraft'],
  zoom: ['Zoom', 'Vergrößerung'],
  shownClasses: ['Visible classes', 'Sichtbare Klassen'],
  savePicture: ['Save as PNG', 'Als PNG speichern'],
  download: ['Download', 'Herunterladen'],
  fileName: ['File name', 'Dateiname'],
  convert: ['Convert and download', 'Umwandeln und herunterladen'],
  cancel: ['Cancel', 'Abbrechen'],
  written: ['Written', 'Geschrieben'],
  modelId: ['Model id', 'Modell-ID'],
  settings: ['Settings from applied remedies', 'Einstellungen aus angewandten Abhilfen'],
  remove: ['Remove', 'Entfernen'],
  // Options, as findings name them.
  'option allow': ['allow', 'zulassen'],
  'option as_is': ['pack unchanged', 'unverändert verpacken'],
  'option border': ['border', 'Rand'],
  'option config': ['configuration', 'Konfiguration'],
  'option extension': ['extension', 'Dateiendung'],
  'option format': ['format', 'Format'],
  'option layout': ['order of dimensions', 'Reihenfolge der Dimensionen'],
  'option license': ['licence file', 'Lizenzdatei'],
  'option memory': ['memory', 'Speicher'],
  'option model_id': ['model id', 'Modell-ID'],
  'option model_name': ['model name', 'Modellname'],
  'option new': ['open the network without its specification', 'das Netzwerk ohne seine Spezifikation öffnen'],
  'option output': ['output', 'Ausgabe'],
  'option postprocessing': ['step after the network', 'Schritt nach dem Netzwerk'],
  'option preprocessing': ['step before the network', 'Schritt vor dem Netzwerk'],
  'option signature': ['signature', 'Signatur'],
  'option spatial_dims': ['tile size', 'Kachelgröße'],
  'option strict': ['warnings as errors', 'Warnungen als Fehler'],
  'option value_range': ['value range', 'Wertebereich'],
  'option verify': ['Run the network on the image', 'Netzwerk auf das Bild anwenden'],
  'option zen': ['version of ZEN', 'Version von ZEN'],
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

/** A number as the language of the page writes it. */
export const numberText = (value: number, digits = 0) =>
  value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits });

/** An option by its name in the library, with the value that a finding gives it. */
export function optionText(t: Text, name: string, value = ''): string {
  const key = `option ${name}`;
  const text = key in table ? t(key as TextKey) : name;
  return value ? `${text}: ${value}` : text;
}
