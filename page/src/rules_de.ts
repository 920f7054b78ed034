// SPDX-License-Identifier: Apache-2.0
//
// The rule book (src/report/rules.def) in German: for each rule what is true if it is kept, why it is a rule, and the
// usual remedy. The test "German" compares the rules with those of the library.

export type RuleText = [statement: string, why: string, remedy: string];

export const rulesInGerman: Record<string, RuleText> = {
  // ---- what was asked for
  usage: [
    'Optionen: vollständig und ohne Widerspruch',
    'Die Optionen müssen vollständig sein und dürfen einander nicht widersprechen.',
    'Prüfen Sie die Angaben im Formular.',
  ],
  'file-missing': [
    'Dateien: alle vorhanden',
    'Jeder Pfad muss eine vorhandene Datei oder einen vorhandenen Ordner nennen.',
    'Öffnen Sie alle Dateien zusammen, oder berichtigen Sie den Pfad: In einer Spezifikation gilt er ab der JSON-Datei.',
  ],
  'file-unreadable': [
    'Dateien: alle lesbar',
    'Jede Datei, die in ein CZModel kommt, muss lesbar sein.',
    'Prüfen Sie die Zugriffsrechte der Datei und den Datenträger.',
  ],
  'file-unwritable': [
    'Ausgabeordner: beschreibbar',
    'Im Ausgabeordner muss eine Datei angelegt werden können.',
    'Wählen Sie einen beschreibbaren Ordner auf einem Datenträger mit freiem Platz.',
  ],
  'model-id': [
    'Modell-ID: eine UUID',
    'Ein Modell wird durch eine UUID (RFC 9562) in hexadezimalen Kleinbuchstaben bezeichnet.',
    'Schreiben Sie sie wie 6f1c3bd0-7a54-4b69-9e57-0c1d5c1f8a11, oder lassen Sie sie weg.',
  ],
  'too-large': [
    'Speicher und Rechenarbeit: im Verhältnis zur Größe der Eingabe',
    'Speicher und Rechenarbeit sind im Verhältnis zur Größe der Datei begrenzt, damit eine bösartige Datei den Computer nicht lahmlegen kann.',
    'Wenn Sie der Datei vertrauen, wandeln Sie sie mit dem Befehl czmodel und mehr Speicher um.',
  ],

  // ---- a finished CZModel
  'container-damaged': [
    'Container: ein vollständiges ZIP-Archiv, alle Prüfsummen stimmen',
    'Ein CZModel ist ein ZIP-Archiv, in dem jede Datei zu ihrer Prüfsumme passen muss.',
    'Kopieren Sie die Datei erneut, oder wandeln Sie das Netzwerk erneut um.',
  ],
  'container-member': [
    'Container: genau die verlangten Dateien',
    'Ein CZModel enthält <uuid>.xml, <uuid>.model, modelid=<uuid> und höchstens eine Lizenz; ein .czann enthält model.json, model.model und höchstens eine Lizenz.',
    'Wandeln Sie das Netzwerk erneut um.',
  ],
  'container-id': [
    'Container: eine UUID in Namen und Metadaten',
    'Die Namen der Dateien und die Metadaten enthalten dieselbe UUID.',
    'Wandeln Sie die Datei noch einmal um.',
  ],
  'metadata-damaged': [
    'Container: Metadaten lesbar',
    'Die Metadaten eines CZModel sind XML mit den Elementen der Modellversion 3.0.0.',
    'Wandeln Sie das Netzwerk erneut um.',
  ],
  'model-version': [
    'Container: unterstützte Modellversion',
    'Unterstützt werden die Versionen 3.0.0, 3.1.0 und 3.2.0 von CZModels sowie 1.0.0 bis 2.1.0 von .czann-Dateien.',
    'Verwenden Sie eine neuere Ausgabe dieses Programms.',
  ],

  // ---- the metadata
  'spec-syntax': [
    'Metadaten: wohlgeformt',
    'Die Spezifikation ist eine JSON-Datei.',
    'Berichtigen Sie die Datei an der genannten Stelle.',
  ],
  'spec-key': [
    'Metadaten: alle verlangten Schlüssel',
    'Eine Spezifikation enthält BorderSize, ColorHandling, PixelType, Classes und ModelPath, oder ModelMetadata und ModelPath.',
    'Ergänzen Sie den Schlüssel, oder öffnen Sie das Netzwerk ohne die Spezifikation: Dann entsteht eine vollständige.',
  ],
  'spec-unknown-key': [
    'Metadaten: keine unbekannten Schlüssel',
    'Andere Schlüssel als die der Spezifikation haben keine Wirkung.',
    'Berichtigen Sie die Schreibweise des Schlüssels, oder entfernen Sie ihn.',
  ],
  'spec-value': [
    'Metadaten: alle Werte gültig',
    'Die Spezifikation legt die Art und die Werte jedes Schlüssels fest.',
    'Verwenden Sie einen Wert aus der genannten Liste.',
  ],
  'czann-value': [
    'Metadaten: Skalierung und Überlappung plausibel',
    'Scaling ist in Metern je Pixel; MinOverlap, das Doppelte des Randes, ist gerade.',
    'Berichtigen Sie den Wert.',
  ],
  'class-name': [
    'Namen: gültiger XML-Text',
    'Klassennamen stehen als Attribute in XML und müssen Text sein, den XML 1.0 enthalten kann.',
    'Entfernen Sie Steuerzeichen; verwenden Sie UTF-8.',
  ],
  'class-duplicate': [
    'Klassen: alle Namen verschieden',
    'In ZEN unterscheiden sich die Klassen durch ihre Namen.',
    'Geben Sie jeder Klasse einen anderen Namen.',
  ],
  'color-handling': [
    'Farbbehandlung: passt zum Pixeltyp',
    'ConvertToMonochrome macht aus einem Farbbild einen einzigen Kanal: Das Netzwerk erhält graue Pixel.',
    'Verwenden Sie SplitRgb oder einen grauen Pixeltyp.',
  ],
  'color-order': [
    'Farbreihenfolge: nichts umzuwandeln',
    'ZEN liefert Farbbilder in der Reihenfolge Blau, Grün, Rot.',
    'Wenn das Netzwerk mit Rot, Grün, Blau trainiert wurde, vertauschen Sie die Farben.',
  ],
  'test-image': [
    'Testbild: lesbar, oder keines',
    'ZEN prüft das umgewandelte Modell mit dem Testbild.',
    'Nennen Sie ein Bild des angegebenen Pixeltyps, oder lassen Sie es weg.',
  ],
  'member-name': [
    'Archiv: alle Dateinamen verschieden',
    'Die Dateien in einem Archiv brauchen verschiedene, relative Namen.',
    'Benennen Sie die Datei um.',
  ],
  step: [
    'Schritte: passen zum Netzwerk',
    'Ein Schritt und das Netzwerk daneben müssen in Form und Elementtyp übereinstimmen.',
    'Wählen Sie einen Schritt, der zum Netzwerk passt.',
  ],
  'class-order': [
    'Klassen: in der Reihenfolge der Ausgabe',
    'Die Klassen stehen in der Reihenfolge der Ausgabekanäle.',
    'Vergleichen Sie die Reihenfolge mit den Namen der Klassen.',
  ],
  'spatial-dims': [
    'Kachelgröße: vom Netzwerk angenommen',
    'Höhe und Breite lassen sich nur ändern, wenn das Netzwerk nicht von ihnen abhängt.',
    'Wählen Sie eine andere Größe, oder erzeugen Sie das Netzwerk mit der gewünschten Größe neu.',
  ],
  'spatial-assumption': [
    'Kachelgröße: ohne Annahmen geändert',
    'Eine Größe, die als Zahl im Netzwerk steht, kann fest sein oder der Größe der Eingabe folgen.',
    'Vergleichen Sie die Ergebnisse bei der neuen Größe mit den erwarteten.',
  ],

  // ---- the network
  'model-kind': [
    'Netzwerk: eine unterstützte Art von Datei',
    'Das Modell muss ein SavedModel von TensorFlow, eine Keras-Datei oder eine ONNX-Datei sein.',
    'Exportieren Sie das Netzwerk als SavedModel.',
  ],
  'model-damaged': [
    'Netzwerk: vollständig und stimmig',
    'Ein SavedModel muss vollständig sein: Was TensorFlow nicht lesen kann, nützt auch ZEN nichts.',
    'Exportieren oder kopieren Sie das Modell erneut.',
  ],
  'keras-damaged': [
    'Keras-Datei: vollständig und stimmig',
    'Eine Keras-Datei muss vollständig sein, und ihre Gewichte müssen zu ihren Schichten passen.',
    'Kopieren Sie die Datei erneut, oder speichern Sie das Modell erneut.',
  ],
  'keras-layer': [
    'Keras-Datei: alle Schichten lassen sich umwandeln',
    'Eine Keras-Datei enthält die Konfiguration ihrer Schichten und kein Programm: Nur Schichten von Keras selbst lassen sich umwandeln.',
    'Speichern Sie das Modell in dem Python, das es erzeugt hat, als SavedModel (model.export).',
  ],
  'keras-weights': [
    'Keras-Datei: enthält Architektur und Gewichte',
    'Ein Netzwerk besteht aus seiner Architektur und seinen Gewichten.',
    'Speichern Sie das ganze Modell mit model.save.',
  ],
  'keras-backend': [
    'Keras-Datei: ihr Backend ist bekannt',
    'Theano spiegelt die Kerne von Faltungen und füllt Bildränder anders auf als TensorFlow; Dateien von Keras 1 nennen ihr Backend nicht.',
    'Setzen Sie das Attribut "backend" der Datei auf "theano" oder "tensorflow"; in Python: import h5py; h5py.File("model.h5", "r+").attrs["backend"] = "theano"',
  ],
  'weights-damaged': [
    'Gewichte: alle Prüfsummen stimmen',
    'Jeder Tensor eines Checkpoints hat eine Prüfsumme, zu der seine Bytes passen müssen.',
    'Kopieren Sie das Modell erneut von dort, wo es exportiert wurde.',
  ],
  'network-unchecked': [
    'Netzwerk: alle Operationen geprüft',
    'Die Operationen eines ONNX-Netzwerks werden geprüft, wenn alle unterstützt sind, sonst nur Eingabe und Ausgabe.',
    'Lassen Sie das Netzwerk auf einem Bild laufen (Ausprobieren).',
  ],
  'onnx-damaged': [
    'Netzwerk: eine vollständige ONNX-Datei',
    'Ein ONNX-Netzwerk ist ein vollständiges ModelProto mit seinen Gewichten.',
    'Exportieren oder kopieren Sie das Netzwerk erneut.',
  ],
  'onnx-opset': [
    'Netzwerk: Operatorversion des Formats',
    'Jedes Format unterstützt eine Operatorversion (opset): 12, oder 18 bei .czann 2.1.0.',
    'Exportieren Sie das Netzwerk für diese Operatorversion, oder wählen Sie ein neueres Format.',
  ],
  'onnx-ir-version': [
    'Netzwerk: IR-Version des Formats',
    'Eine Laufzeit liest ONNX-Dateien bis zu einer IR-Version: 7, oder 8 bei .czann 2.1.0.',
    'Setzen Sie ir_version des Modells vor onnx.save, oder exportieren Sie mit einer älteren Version von onnx.',
  ],
  'network-kind': [
    'Netzwerk: passt zu Format und Optionen',
    'Ein ONNX-Netzwerk, das unverändert verpackt wird, lässt sich weder in ein SavedModel übersetzen noch ändern.',
    'Entpacken Sie den Container, und wandeln Sie die ONNX-Datei darin um.',
  ],
  'metadata-shape': [
    'Formen: Metadaten und Netzwerk stimmen überein',
    'InputShape und OutputShape sind die des Netzwerks.',
    'Berichtigen Sie die Metadaten.',
  ],
  signature: [
    'Signatur: gefunden',
    'Das Netzwerk ist eine Signatur unter der Marke "serve".',
    'Wählen Sie eine Signatur.',
  ],
  'one-input': [
    'Eingabe: genau eine',
    'Das Modell muss eine Eingabe haben; mehrere werden nicht unterstützt.',
    'Exportieren Sie ein Netzwerk mit einer Eingabe.',
  ],
  'one-output': [
    'Ausgabe: genau eine',
    'Das Modell muss eine Ausgabe haben; mehrere werden nicht unterstützt.',
    'Wählen Sie eine Ausgabe.',
  ],
  'input-rank': [
    'Eingabe: die Dimensionen eines Bildes',
    'Die Eingabe hat vier Dimensionen: Batch, Höhe, Breite und Kanäle; in einem .czann dürfen es fünf sein, mit z.',
    'Exportieren Sie ein Netzwerk, dessen Eingabe [Batch, Höhe, Breite, Kanäle] ist.',
  ],
  'input-layout': [
    'Eingabe: Kanäle zuletzt',
    'Die Dimensionen haben die Reihenfolge Batch, Höhe, Breite, Kanäle.',
    'Exportieren Sie ein Netzwerk mit den Kanälen zuletzt (NHWC).',
  ],
  'input-batch': [
    'Eingabe: Batchgröße 1 oder offen',
    'Die Batchgröße ist 1 oder offen.',
    'Exportieren Sie das Netzwerk mit offener Batchgröße.',
  ],
  'input-channels': [
    'Eingabe: feste Zahl der Kanäle',
    'Die Zahl der Eingabekanäle ist festgelegt.',
    'Exportieren Sie das Netzwerk mit fester Zahl der Kanäle.',
  ],
  'input-size-undefined': [
    'Eingabe: feste Höhe und Breite',
    'Höhe und Breite der Eingabe sind festgelegt: Sie sind die Größe der Kacheln von ZEN.',
    'Legen Sie die Kachelgröße in Pixeln fest.',
  ],
  'input-type': [
    'Eingabe: float32',
    'ZEN liefert TensorFlow-Modellen die Pixelwerte als float32.',
    'Exportieren Sie ein Netzwerk, dessen Eingabe float32 ist, und wandeln Sie innen um.',
  ],
  'output-type': [
    'Ausgabe: Gleitkommazahlen',
    'Die Ausgabe enthält Wahrscheinlichkeiten der Klassen, also Gleitkommazahlen.',
    'Exportieren Sie das Netzwerk ohne ArgMax oder Cast am Ende.',
  ],
  'output-size': [
    'Ausgabe: Höhe und Breite der Eingabe',
    'Die Ausgabe hat die Höhe und Breite der Eingabe.',
    'Fügen Sie eine letzte Schicht an, die die Größe der Eingabe wiederherstellt.',
  ],
  'input-unfed': [
    'Eingaben: nur das Bild',
    'ZEN liefert die eine Eingabe der Signatur und sonst nichts.',
    'Exportieren Sie eine Signatur, deren einzige Eingabe das Bild ist.',
  ],
  'stateful-inference': [
    'Anwendung: ändert keine Variable',
    'Dieselbe Kachel muss immer dasselbe Ergebnis liefern: Das Netzwerk darf keine Variable ändern, die es liest.',
    'Exportieren Sie das Netzwerk für die Anwendung, mit training=False.',
  ],
  'needs-initialiser': [
    'Anwendung: keine Nachschlagetabellen oder Begleitdateien',
    'Ein CZModel kann keine Nachschlagetabellen, Begleitdateien (assets) oder Initialisierer enthalten.',
    'Schlagen Sie außerhalb des Netzwerks nach.',
  ],
  'variable-missing': [
    'Variablen: alle im Checkpoint',
    'Jede Variable, die das Netzwerk liest, muss im Checkpoint stehen.',
    'Exportieren Sie das Modell erneut.',
  ],
  'op-unsupported': [
    'Operationen: alle von TensorFlow 2.0.0 unterstützt',
    'Alle Operationen müssen von TensorFlow 2.0.0 unterstützt sein.',
    'Ersetzen Sie die Schicht durch eine, die nur ältere Operationen braucht.',
  ],
  'onnx-import': [
    'ONNX-Operationen: alle unterstützt',
    'Unterstützt werden die ONNX-Operationen, die Netzwerke für Bilder verwenden; andere werden mit Namen abgelehnt.',
    'Exportieren Sie das Netzwerk ohne diese Operation, oder verpacken Sie die ONNX-Datei unverändert im Format 3.1.0 oder neuer.',
  ],
  'onnx-unsupported': [
    'Operationen: alle in ONNX vorhanden',
    'Jede Operation muss eine genaue Entsprechung in ONNX haben.',
    'Ersetzen Sie die Schicht, oder behalten Sie das SavedModel.',
  ],
  'onnx-size': [
    'ONNX-Datei: kleiner als 2 GB',
    'Eine ONNX-Datei ist eine einzige Nachricht von höchstens 2 GB.',
    'Verkleinern Sie das Netzwerk, oder behalten Sie das SavedModel.',
  ],
  'random-op': [
    'Operationen: keine ist zufällig',
    'Dieselbe Kachel muss immer dasselbe Ergebnis liefern; zufällige Operationen gehören zum Training.',
    'Exportieren Sie das Netzwerk für die Anwendung, ohne Augmentierung, Rauschen und Dropout.',
  ],
  loaders: [
    'Lader: TensorFlow 1, tf.saved_model.load und Keras öffnen das Netzwerk',
    'Welchen Lader ZEN aufruft, ist nicht veröffentlicht; Dateien von czmodel 0.1.3 lassen sich mit allen von TensorFlow 2.0.0 öffnen.',
    'Wandeln Sie das SavedModel um.',
  ],
  normalization: [
    'Eingabe: kein Werkzeug erkannt, das außerhalb des Netzwerks normiert',
    'ZEN liefert Pixelwerte; jede Normierung muss im Netzwerk stehen.',
    'Fügen Sie einen Schritt mit festen Zahlen für alle Kacheln hinzu.',
  ],
  'tile-statistics': [
    'Schritte: unabhängig von der Kachel',
    'ZEN berechnet jede Kachel für sich: Was von der Statistik der Kachel abhängt, macht ihre Ränder sichtbar.',
    'Verwenden Sie stattdessen feste Zahlen.',
  ],
  probabilities: [
    'Ausgabe: Wahrscheinlichkeiten, wie der Typ verlangt',
    'Bei einer Klasse je Pixel ergeben die Wahrscheinlichkeiten eines Pixels zusammen 1; bei mehreren liegt jeder Wert zwischen 0 und 1.',
    'Beenden Sie das Netzwerk mit einem Softmax, oder fügen Sie eines hinzu.',
  ],
  'tile-memory': [
    'Kachel: passt in 8 GB Speicher',
    'Eine Kachel darf höchstens 8 GB Speicher brauchen.',
    'Verwenden Sie eine kleinere Kachel.',
  ],

  // ---- metadata and network together
  'class-count': [
    'Klassen: ein Name je Ausgabekanal',
    'Hat die Ausgabe n Kanäle, so braucht es n Klassennamen.',
    'Nennen Sie eine Klasse je Ausgabekanal, in der Reihenfolge der Kanäle.',
  ],
  'pixel-type-channels': [
    'Pixeltyp: Kanäle der Eingabe',
    'Die Eingabe hat so viele Kanäle wie der Pixeltyp: Gray 1, Bgr 3, Bgra 4.',
    'Wählen Sie den Pixeltyp der Bilder, mit denen das Netzwerk trainiert wurde.',
  ],
  'pixel-range': [
    'Wertebereich: der des Formats',
    'ZEN liefert einem CZModel die Werte des Pixeltyps, einem .czann Werte von 0 bis 1.',
    'Geben Sie an, welche Werte das Netzwerk erwartet.',
  ],
  'border-size': [
    'Rand: kleiner als die halbe Kachel',
    'ZEN verwirft auf jeder Seite einer Kachel so viele Pixel; der Rest ist das Ergebnis.',
    'Verwenden Sie eine größere Kachel oder einen kleineren Rand.',
  ],
  border: [
    'Rand: deckt das rezeptive Feld ab',
    'Der Rand sollte das rezeptive Feld abdecken, sonst erreichen Randeffekte das Ergebnis.',
    'Setzen Sie den Rand auf die genannte Zahl, oder übernehmen Sie den benötigten.',
  ],
  'unpack-loss': [
    'Spezifikation: vollständig',
    'Eine JSON-Spezifikation kann nicht jeden Wert der Metadaten eines CZModel enthalten.',
    'Geben Sie die Werte beim Umwandeln als Optionen an.',
  ],
  'metadata-loss': [
    'Metadaten: alle im neuen Format enthalten',
    'Ein Format enthält nur die Metadaten, die seine Spezifikation nennt.',
    'Wählen Sie das Format des Originals, wenn das nötig ist.',
  ],
  guess: [
    'Spezifikation: nichts geschätzt',
    'Ein Netzwerk enthält nicht jeden Wert, den die Spezifikation verlangt.',
    'Berichtigen Sie den geschätzten Wert im Formular.',
  ],
};
