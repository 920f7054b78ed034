# SPDX-License-Identifier: Apache-2.0
"""Makes exports/: small networks as PyTorch's exporters write them, with inputs and PyTorch's own outputs.

    make_exports.py FOLDER

Needs a Python with torch, onnx and onnxscript; the committed files are from torch 2.15 under Python 3.11. TorchScript
wrote those of operator sets 11, 12 and 17, dynamo those of 18, with the weights beside the file. NAME.npz has the input
"x" and the output "y", channels first, and those of a second size if the size is open ("x2" and "y2").
"""
import os
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import nn


def block(inputs, outputs, norm=nn.BatchNorm2d, act=nn.ReLU, **more):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=more.pop('padding', 1), bias=False, **more),
                         norm(outputs), act())


class UNet(nn.Module):
    """Two levels; what makes the image larger differs."""

    def __init__(self, up, norm=nn.BatchNorm2d, act=nn.ReLU):
        super().__init__()
        self.outer, self.inner = block(3, 6, norm, act), block(6, 12, norm, act)
        self.last, self.head = block(12, 6, norm, act), nn.Conv2d(6, 3, 1)
        self.up = up

    def forward(self, x):
        a = self.outer(x)
        b = self.up(self.inner(F.max_pool2d(a, 2)))
        return F.softmax(self.head(self.last(torch.cat([a, b], 1))), 1)


class Pyramid(nn.Module):
    """Features of several sizes, made equal by bilinear and nearest resizes to the size of another tensor."""

    def __init__(self):
        super().__init__()
        self.steps = nn.ModuleList([block(3, 8, stride=2), block(8, 8, stride=2), block(8, 8, stride=2)])
        self.sides = nn.ModuleList([nn.Conv2d(8, 8, 1) for _ in range(3)])
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        features, h = [], x
        for step, side in zip(self.steps, self.sides):
            h = step(h)
            features.append(side(h))
        y = features[2]
        for f in (features[1], features[0]):
            y = f + F.interpolate(y, size=f.shape[-2:], mode='nearest')
        return torch.sigmoid(F.interpolate(self.head(y), size=x.shape[-2:], mode='bilinear', align_corners=False))


class Dilated(nn.Module):
    """DeepLabV3: dilated convolutions beside a pooled image."""

    def __init__(self):
        super().__init__()
        self.stem = block(3, 8, stride=2)
        self.rates = nn.ModuleList([block(8, 8, padding=r, dilation=r) for r in (1, 2, 4)])
        self.pooled, self.head = nn.Conv2d(8, 8, 1), nn.Conv2d(32, 4, 1)

    def forward(self, x):
        h = self.stem(x)
        mean = F.interpolate(self.pooled(F.adaptive_avg_pool2d(h, 1)), size=h.shape[-2:], mode='bilinear')
        y = self.head(torch.cat([rate(h) for rate in self.rates] + [mean], 1))
        return F.interpolate(y, size=x.shape[-2:], mode='bilinear', align_corners=True)


class Attention(nn.Module):
    """Pixels as words: layer norm, attention with two heads, a perceptron."""

    def __init__(self, size=16):
        super().__init__()
        self.stem, self.out = nn.Conv2d(3, size, 4, 4), nn.ConvTranspose2d(size, 2, 4, 4)
        self.first, self.second = nn.LayerNorm(size), nn.LayerNorm(size)
        self.qkv, self.join = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.mlp = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))

    def forward(self, x):
        h = self.stem(x)
        b, c, rows, columns = h.shape
        t = h.flatten(2).transpose(1, 2)
        q, k, v = self.qkv(self.first(t)).reshape(b, -1, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) * (c // 2) ** -0.5).softmax(-1)
        t = t + self.join((weights @ v).transpose(1, 2).reshape(b, -1, c))
        t = t + self.mlp(self.second(t))
        return self.out(t.transpose(1, 2).reshape(b, c, rows, columns))


class ConvNext(nn.Module):
    """Large depthwise filters, layer norm of channels, GELU, a factor for each channel."""

    def __init__(self, size=8):
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, size, 2, 2), nn.Conv2d(size, 8, 1)
        self.deep, self.norm = nn.Conv2d(size, size, 7, padding=3, groups=size), nn.LayerNorm(size)
        self.wide, self.narrow = nn.Linear(size, 4 * size), nn.Linear(4 * size, size)
        self.factor = nn.Parameter(torch.rand(size))

    def forward(self, x):
        h = self.stem(x)
        t = self.narrow(F.gelu(self.wide(self.norm(self.deep(h).permute(0, 2, 3, 1))))) * self.factor
        return F.pixel_shuffle(self.head(h + t.permute(0, 3, 1, 2)), 2)


class Padded(nn.Module):
    """Pads up to a multiple of eight, and cuts that off again."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(block(3, 6), nn.AvgPool2d(8), nn.Upsample(scale_factor=8, mode='nearest'),
                                 nn.Conv2d(6, 2, 3, padding=1))

    def forward(self, x):
        rows, columns = x.shape[-2:]
        y = self.net(F.pad(x, (0, -columns % 8, 0, -rows % 8), value=0.5))
        return y[..., :rows, :columns]


def up(kind):
    if kind == 'transposed':
        return nn.ConvTranspose2d(12, 6, 3, 2, 1, 1)
    if kind == 'shuffle':
        return nn.Sequential(nn.Conv2d(12, 24, 1), nn.PixelShuffle(2))
    return nn.Sequential(nn.Upsample(scale_factor=2, mode=kind), nn.Conv2d(12, 6, 1))


# name: network, operator set, whether the size is open
NETWORKS = {
    'unet_transposed_11': (lambda: UNet(up('transposed')), 11, True),
    'unet_bicubic_12': (lambda: UNet(up('bicubic'), act=nn.Hardswish), 12, False),
    'unet_instance_17': (lambda: UNet(up('bilinear'), lambda c: nn.InstanceNorm2d(c, affine=True), nn.LeakyReLU),
                         17, True),
    'unet_group_18': (lambda: UNet(up('shuffle'), lambda c: nn.GroupNorm(2, c), nn.SiLU), 18, True),
    'pyramid_12': (Pyramid, 12, True),
    'pyramid_18': (Pyramid, 18, False),
    'dilated_11': (Dilated, 11, False),
    'dilated_17': (Dilated, 17, True),
    'attention_17': (Attention, 17, True),
    'attention_18': (Attention, 18, True),
    'convnext_12': (ConvNext, 12, False),
    'convnext_18': (ConvNext, 18, True),
    'padded_17': (Padded, 17, True),
    'padded_18': (Padded, 18, True),
}


def settle(network):
    """Statistics that are not 0 and 1, as after training."""
    for name, values in network.named_buffers():
        if name.endswith('running_mean'):
            values.copy_(torch.randn(values.shape) * 0.1)
        if name.endswith('running_var'):
            values.copy_(torch.rand(values.shape) + 0.5)
    return network.eval()


def export(network, x, path, opset, is_open):
    names = {'input_names': ['input'], 'output_names': ['output'], 'opset_version': opset}
    if opset < 18:
        sizes = {0: 'batch', 2: 'height', 3: 'width'}
        if is_open:
            names['dynamic_axes'] = {'input': sizes, 'output': sizes}
        torch.onnx.export(network, (x,), path, dynamo=False, **names)
        return
    if is_open:
        names['dynamic_shapes'] = ({axis: torch.export.Dim.DYNAMIC for axis in (0, 2, 3)},)
        x = torch.cat([x, x])
    torch.onnx.export(network, (x,), path, dynamo=True, external_data=True, verbose=False, **names)


def forget_traces(path):
    """Dynamo writes down where in the author's files each operation was called."""
    model = onnx.load(path, load_external_data=False)
    for node in model.graph.node:
        kept = [entry for entry in node.metadata_props if not entry.key.endswith('stack_trace')]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    with open(path, 'wb') as file:
        file.write(model.SerializeToString())


def main():
    folder, = sys.argv[1:]
    for seed, (name, (make, opset, is_open)) in enumerate(NETWORKS.items()):
        torch.manual_seed(seed)
        network = settle(make())
        x = torch.rand(1, 3, 24, 32) * 2 - 1
        arrays = {'x': x}
        # a second size that 8 does not divide, where the network allows it
        if is_open:
            arrays['x2'] = torch.rand(2, 3, 36, 20) * 2 - 1
        with torch.no_grad():
            arrays.update({'y' + key[1:]: network(value) for key, value in list(arrays.items())})
            export(network, x, os.path.join(folder, name + '.onnx'), opset, is_open)
            forget_traces(os.path.join(folder, name + '.onnx'))
        np.savez_compressed(os.path.join(folder, name + '.npz'),
                            **{key: value.numpy().astype(np.float32) for key, value in arrays.items()})


if __name__ == '__main__':
    main()
