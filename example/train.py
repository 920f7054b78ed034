# SPDX-License-Identifier: Apache-2.0
"""Makes the example: simulates nuclei, trains a small U-Net on them, exports it.

    python train.py [OUT_DIR]

OUT_DIR (nuclei/ beside this file unless given) receives everything that the
example consists of, apart from its README.md and LICENSE.txt: the SavedModel
in model/, model_spec.json, test_image.png, expected.npz and preview.png.
The figures quoted in the README are printed at the end.

Needs TensorFlow with Keras 3, and nothing else: the pictures are simulated, so
that the example is free of other people's data, and they are written with zlib.
"""
import json
import os
import pathlib
import shutil
import struct
import sys
import time
import zlib

# One device and one order of summation, or two runs would differ.
os.environ['CUDA_VISIBLE_DEVICES'] = '-1'
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SEED = 20
SIDE = 256
CLASSES = ['Background', 'Nucleus', 'Boundary']
BACKGROUND, NUCLEUS, BOUNDARY = range(3)
# The colours that the first three classes of a CZModel have.
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.float32)

TRAINING_IMAGES = 240
HELD_OUT_IMAGES = 64
TEST_IMAGE = 3                  # of the held-out ones: crowded, with nuclei that touch
EPOCHS = 12
BATCH = 4
WIDTHS = (8, 16, 32)            # feature maps on each level of the U-Net
EXPECTED_CROP = slice(96, 160)  # the part of the answer that is kept to the last bit


# --- Simulated microscopy ---------------------------------------------------

def blur(image, sigma):
    """Gaussian blur. The mirror image keeps FFT from folding one side onto the other."""
    side = 2 * SIDE
    mirrored = np.pad(image, (0, SIDE), mode='symmetric')
    rows = np.fft.fftfreq(side)[:, None]
    columns = np.fft.rfftfreq(side)[None, :]
    transfer = np.exp(-2 * (np.pi * sigma) ** 2 * (rows ** 2 + columns ** 2))
    return np.fft.irfft2(np.fft.rfft2(mirrored) * transfer)[:SIDE, :SIDE]


def smooth_noise(rng, sigma):
    """A random field with mean 0, deviation 1 and structure of the size sigma."""
    field = blur(rng.standard_normal((SIDE, SIDE)), sigma)
    return (field - field.mean()) / field.std()


def place_nucleus(rng, centres):
    """A centre: anywhere, or often so near another nucleus that the two touch."""
    if centres and rng.random() < 0.6:
        y, x = centres[rng.integers(len(centres))]
        angle = rng.uniform(0, 2 * np.pi)
        distance = rng.uniform(18, 30)
        return y + distance * np.sin(angle), x + distance * np.cos(angle)
    return tuple(rng.uniform(-8, SIDE + 8, 2))


def draw_nuclei(rng):
    """Labels (0 = none) and the light that the nuclei emit, both without blur."""
    labels = np.zeros((SIDE, SIDE), np.int16)
    light = np.zeros((SIDE, SIDE))
    nearest = np.ones((SIDE, SIDE))
    centres = []
    size = rng.uniform(11, 16)
    for _ in range(rng.integers(15, 75)):
        y, x = place_nucleus(rng, centres)
        long = size * rng.uniform(0.75, 1.25)
        short = long * rng.uniform(0.65, 1.0)
        tilt = rng.uniform(0, np.pi)
        # Only the surroundings are drawn; 1.2 leaves room for the harmonics below.
        here = tuple(slice(*np.clip([c - 1.2 * long, c + 1.2 * long + 1], 0, SIDE).astype(int))
                     for c in (y, x))
        rows, columns = np.mgrid[here]
        u = ((columns - x) * np.cos(tilt) + (rows - y) * np.sin(tilt)) / long
        v = ((rows - y) * np.cos(tilt) - (columns - x) * np.sin(tilt)) / short
        around = np.arctan2(v, u)
        # Two harmonics bend the ellipse, for no nucleus is a perfect one.
        shape = (1 + rng.uniform(0, 0.06) * np.cos(2 * around + rng.uniform(0, 6.3))
                 + rng.uniform(0, 0.06) * np.cos(3 * around + rng.uniform(0, 6.3)))
        radius = np.hypot(u, v) / shape
        inside = radius < 1
        if not inside.any() or (labels[here][inside] > 0).mean() > 0.12:
            continue
        centres.append((y, x))
        # Where two overlap, each pixel goes to the one whose centre is relatively
        # nearer: a common wall, as cells that press against each other have.
        mine = radius < nearest[here]
        nearest[here][mine] = radius[mine]
        labels[here][mine] = len(centres)
        # A widefield image shows the thickness of the nucleus, which ends round.
        glow = rng.uniform(0.6, 1.5) * (0.4 + 0.6 * np.sqrt(1 - radius[mine] ** 2))
        for _ in range(rng.integers(0, 4)):
            nu, nv = rng.uniform(-0.5, 0.5, 2)
            spot = np.hypot(u[mine] - nu, v[mine] - nv) / rng.uniform(0.1, 0.2)
            glow *= 1 - rng.uniform(0.2, 0.5) * np.exp(-spot ** 2)
        light[here][mine] = glow
    chromatin = 0.12 * smooth_noise(rng, 1.2) + 0.10 * smooth_noise(rng, 4)
    return labels, light * np.exp(chromatin)


def classify(labels):
    """The class of each pixel. The boundary is two pixels wide: one on each side."""
    padded = np.pad(labels, 1, mode='edge')
    around = np.stack([padded[i:i + SIDE, j:j + SIDE] for i in range(3) for j in range(3)])
    mask = np.where(labels > 0, NUCLEUS, BACKGROUND).astype(np.uint8)
    mask[around.min(0) != around.max(0)] = BOUNDARY
    return mask


def simulate(split, index):
    """Picture number index of a split: 16-bit grey levels, and its classes."""
    rng = np.random.default_rng([SEED, split, index])
    labels, light = draw_nuclei(rng)
    # Specks of dirt are bright too: the network has to learn that they are background.
    for _ in range(rng.integers(0, 6)):
        y, x = rng.integers(0, SIDE, 2)
        if labels[y, x] == 0:
            light[y, x] += rng.uniform(2, 12)
    haze = rng.uniform(0.05, 0.25) * blur(light, rng.uniform(10, 25))
    background = rng.uniform(0.03, 0.25) * np.exp(0.35 * smooth_noise(rng, rng.uniform(30, 60)))
    lamp = np.exp(0.10 * smooth_noise(rng, 70))
    scene = lamp * (blur(light, rng.uniform(0.9, 1.5)) + haze + background)
    # The camera: photons arrive by chance, the amplifier adds its own noise.
    photons = rng.poisson(np.maximum(scene, 0) * 10 ** rng.uniform(2.0, 3.3))
    gain = rng.uniform(3, 12)
    grey = rng.uniform(100, 600) + gain * (photons + rng.normal(0, 2, photons.shape))
    return np.clip(np.rint(grey), 0, 65535).astype(np.uint16), classify(labels)


def simulate_split(split, count):
    pairs = [simulate(split, index) for index in range(count)]
    images, masks = (np.stack(part) for part in zip(*pairs))
    return images[..., None], masks


# --- The network ------------------------------------------------------------

def block(x, width):
    """Two 3x3 convolutions. No bias, as batch normalisation brings its own."""
    for _ in range(2):
        x = layers.Conv2D(width, 3, padding='same', use_bias=False)(x)
        # Few steps are trained: the usual 0.99 would still remember the start.
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation('relu')(x)
    return x


def make_network():
    """A U-Net from raw grey levels to the probabilities of the classes.

    The square root makes photon noise equally strong at all grey levels and
    narrows their range. It works on each pixel alone; statistics of the whole
    image would let the seams between ZEN's tiles show.
    """
    image = keras.Input((SIDE, SIDE, 1), name='image')
    x = keras.ops.sqrt(keras.ops.maximum(image, 0.0))
    x = layers.Rescaling(1 / 32, offset=-2, name='normalise')(x)
    skips = []
    for width in WIDTHS[:-1]:
        x = block(x, width)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = block(x, WIDTHS[-1])
    for width, skip in zip(reversed(WIDTHS[:-1]), reversed(skips)):
        x = layers.Conv2DTranspose(width, 2, strides=2)(x)
        x = layers.Concatenate()([skip, x])
        x = block(x, width)
    x = layers.Conv2D(len(CLASSES), 1, name='logits')(x)
    return keras.Model(image, layers.Softmax(name='probabilities')(x), name='nuclei')


def measure_reach(network):
    """How many pixels away the input can still change the output.

    Measured, as formulas for U-Nets are easily off by a few pixels: with all
    weights positive nothing cancels, so that a single bright pixel on black
    lights up exactly the output pixels that depend on it.
    """
    twin = keras.Model(network.get_layer('normalise').output,
                       network.get_layer('logits').output)
    kept = network.get_weights()
    for layer in twin.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([np.full(w.shape, v) for w, v in
                               zip(layer.get_weights(), (1, 0, 0, 1))])
        elif layer.get_weights():
            # Averages keep the numbers away from overflow and from zero.
            layer.set_weights([np.full(w.shape, 1 / w[..., 0].size if w.ndim > 1 else 0)
                               for w in layer.get_weights()])
    reach = 0
    step = 2 ** (len(WIDTHS) - 1)
    centre = SIDE // 2
    # What is reached depends on where the pixel lies within the pooling windows.
    for place in range(centre, centre + step):
        image = np.zeros((1, SIDE, SIDE, 1), np.float32)
        image[0, place, place] = 1e6
        lit = np.nonzero(twin(image).numpy()[0].max(-1))
        reach = max(reach, *(np.abs(axis - place).max() for axis in lit))
    network.set_weights(kept)
    return int(reach)


def train(network, images, masks):
    """Fits the network; each epoch shows every image once, turned or mirrored."""
    steps = EPOCHS * (len(images) // BATCH)
    network.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, steps)),
                    keras.losses.SparseCategoricalCrossentropy())
    rng = np.random.default_rng([SEED, 2])
    for epoch in range(EPOCHS):
        start = time.perf_counter()
        turned = [(np.rot90(image, k)[:, ::flip], np.rot90(mask, k)[:, ::flip])
                  for image, mask, k, flip in zip(images, masks, rng.integers(0, 4, len(images)),
                                                  rng.choice([-1, 1], len(images)))]
        order = rng.permutation(len(images))
        x = np.stack([turned[i][0] for i in order]).astype(np.float32)
        y = np.stack([turned[i][1] for i in order])
        history = network.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)
        print(f'epoch {epoch + 1:2}/{EPOCHS}  loss {history.history["loss"][0]:.4f}  '
              f'{time.perf_counter() - start:.1f} s', flush=True)


def intersection_over_union(truth, found):
    """One figure per class, over all pixels of all images together."""
    count = len(CLASSES)
    pairs = np.bincount(truth.ravel().astype(int) * count + found.ravel(),
                        minlength=count * count).reshape(count, count)
    both = np.diag(pairs)
    return both / (pairs.sum(0) + pairs.sum(1) - both)


# --- Files ------------------------------------------------------------------

def write_png(path, pixels):
    """uint8 or uint16, grey (h, w) or colour (h, w, 3)."""
    height, width = pixels.shape[:2]
    depth = 8 * pixels.dtype.itemsize
    colour = 2 if pixels.ndim == 3 else 0
    rows = pixels.astype(pixels.dtype.newbyteorder('>')).reshape(height, -1).view(np.uint8)
    # Filter 1: each byte minus the one a pixel to the left, which zlib packs better.
    step = pixels[0, 0].nbytes
    rows = np.hstack([rows[:, :step], rows[:, step:] - rows[:, :-step]])
    rows = np.hstack([np.ones((height, 1), np.uint8), rows])

    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data
                + struct.pack('>I', zlib.crc32(kind + data)))

    path.write_bytes(
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0))
        + chunk(b'IDAT', zlib.compress(rows.tobytes(), 9))
        + chunk(b'IEND', b''))


def write_preview(path, image, mask):
    """The picture, and beside it the same under the colours of its classes."""
    low, high = np.percentile(image, (0.5, 99.8))
    grey = 255 * np.clip((image - low) / (high - low), 0, 1) ** 0.7
    grey = np.repeat(grey[..., None], 3, axis=-1)
    overlay = 0.6 * grey + 0.4 * COLOURS[mask]
    # 64 shades suffice for looking at, and noise in fewer bits packs better.
    write_png(path, np.hstack([grey, overlay]).astype(np.uint8) & 0xfc)


def export(network, folder):
    """Writes the SavedModel, without what needlessly differs from run to run.

    One thing stays: Keras stores all variables twice, the second time in the
    order of their addresses in memory.
    """
    shutil.rmtree(folder, ignore_errors=True)
    # A fresh copy: the optimiser's state is of no use in ZEN, and names that
    # Keras numbers throughout the process begin again.
    weights = network.get_weights()
    keras.utils.clear_session()
    network = make_network()
    network.set_weights(weights)
    network.export(folder, format='tf_saved_model', verbose=False)
    # A random number; no loader asks for it. The folder is empty.
    (folder / 'fingerprint.pb').unlink(missing_ok=True)
    if (folder / 'assets').is_dir():
        (folder / 'assets').rmdir()


def write_spec(path, border):
    path.write_text(json.dumps({
        'BorderSize': border,
        'ColorHandling': 'ConvertToMonochrome',
        'PixelType': 'Gray16',
        'Classes': CLASSES,
        'ModelPath': 'model',
        'TestImageFile': 'test_image.png',
        'LicenseFile': 'LICENSE.txt',
    }, indent=2) + '\n', encoding='utf-8')


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                       else pathlib.Path(__file__).parent / 'nuclei')
    out.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()

    start = time.perf_counter()
    images, masks = simulate_split(0, TRAINING_IMAGES)
    held_images, held_masks = simulate_split(1, HELD_OUT_IMAGES)
    simulated = time.perf_counter()
    network = make_network()
    reach = measure_reach(network)
    train(network, images, masks)
    trained = time.perf_counter()

    found = np.concatenate([network.predict_on_batch(held_images[i:i + 8].astype(np.float32))
                            for i in range(0, HELD_OUT_IMAGES, 8)])
    ious = intersection_over_union(held_masks, found.argmax(-1))

    export(network, out / 'model')
    # ZEN tiles without seams when the border is a whole number of pooling windows.
    window = 2 ** (len(WIDTHS) - 1)
    border = -(-reach // window) * window
    write_spec(out / 'model_spec.json', border)
    image = held_images[TEST_IMAGE]
    answer = network.predict_on_batch(image[None].astype(np.float32))[0]
    write_png(out / 'test_image.png', image[..., 0])
    np.savez_compressed(out / 'expected.npz', input=image,
                        crop=[EXPECTED_CROP.start, EXPECTED_CROP.stop],
                        output=answer[EXPECTED_CROP, EXPECTED_CROP],
                        classes=answer.argmax(-1).astype(np.uint8))
    write_preview(out / 'preview.png', image[..., 0], answer.argmax(-1))

    print(f'simulation {simulated - start:.0f} s, training {trained - simulated:.0f} s')
    print(f'parameters {network.count_params()}, reach {reach} pixels, border {border}')
    for name, iou in zip(CLASSES, ious):
        print(f'IoU on {HELD_OUT_IMAGES} held-out images: {name} {iou:.3f}')
    for path in sorted(p for p in out.rglob('*') if p.is_file()):
        print(f'{path.stat().st_size:8} {path.relative_to(out).as_posix()}')


if __name__ == '__main__':
    main()
