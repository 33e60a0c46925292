#!/usr/bin/env python3
"""Trains the net that finds burned-in text, and writes its weights.

usage: train.py --minutes N --out weights.bin [--start checkpoint.pt] CORPUS...

CORPUS is what `cargo run --release -p countersign-deid --example text_corpus` writes. The net is small enough for one
core: two halvings without loss (space to depth), separable convolutions, dilated ones at an eighth of the size. Batch
normalisation is folded into the convolutions when weights are written; these are 16-bit floats in the order of `layers()`.
"""

import argparse
import random
import struct
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CROP = 224
BATCH = 12
SEED = 20261126
DILATIONS = [1, 2, 4, 8, 1]


class Conv(nn.Module):
    """A convolution with folded-away normalisation and a ReLU."""

    def __init__(self, inputs, outputs, size, groups=1, dilation=1, act=True):
        super().__init__()
        pad = dilation * (size // 2)
        self.conv = nn.Conv2d(inputs, outputs, size, padding=pad, groups=groups, dilation=dilation, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = act

    def forward(self, x):
        x = self.norm(self.conv(x))
        return F.relu(x) if self.act else x

    def folded(self):
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        return self.conv.weight * scale[:, None, None, None], self.norm.bias - self.norm.running_mean * scale


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = Conv(12, 8, 3)
        self.a_deep, self.a_wide = Conv(8, 8, 3, groups=8, act=False), Conv(8, 8, 1)
        self.b = Conv(32, 32, 1)
        self.b_deep = nn.ModuleList([Conv(32, 32, 3, groups=32, act=False) for _ in range(2)])
        self.b_wide = nn.ModuleList([Conv(32, 32, 1) for _ in range(2)])
        self.c = Conv(32, 48, 1)
        self.c_deep = nn.ModuleList([Conv(48, 48, 3, groups=48, dilation=d, act=False) for d in DILATIONS])
        self.c_wide = nn.ModuleList([Conv(48, 48, 1, act=False) for _ in DILATIONS])
        self.up = Conv(48, 32, 1, act=False)
        self.d_deep, self.d_wide = Conv(32, 32, 3, groups=32, act=False), Conv(32, 32, 1)
        self.out = nn.Conv2d(32, 4, 1)

    def forward(self, x):
        x = self.a(F.pixel_unshuffle(x, 2))
        x = F.relu(x + self.a_wide(self.a_deep(x)))
        x = self.b(F.pixel_unshuffle(x, 2))
        for deep, wide in zip(self.b_deep, self.b_wide):
            x = x + wide(deep(x))
        fine = x
        x = self.c(F.avg_pool2d(x, 2))
        for deep, wide in zip(self.c_deep, self.c_wide):
            x = F.relu(x + wide(deep(x)))
        x = F.relu(fine + F.interpolate(self.up(x), scale_factor=2))
        x = x + self.d_wide(self.d_deep(x))
        return F.pixel_shuffle(self.out(x), 2)[:, 0]

    def layers(self):
        yield from (self.a, self.a_deep, self.a_wide, self.b)
        for deep, wide in zip(self.b_deep, self.b_wide):
            yield from (deep, wide)
        yield self.c
        for deep, wide in zip(self.c_deep, self.c_wide):
            yield from (deep, wide)
        yield from (self.up, self.d_deep, self.d_wide)


def pictures(paths):
    for path in paths:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        at = 0
        while at < len(data):
            width, height = struct.unpack("<II", bytes(data[at : at + 8]))
            at += 8
            yield data[at : at + 4 * width * height].reshape(4, height, width)
            at += 4 * width * height


def crop(picture, draw):
    _, height, width = picture.shape
    size = min(CROP, height, width)
    y, x = draw.integers(0, height - size + 1), draw.integers(0, width - size + 1)
    if draw.random() < 0.6:
        # Around some text: rows with text first, then a column of one of them.
        truth = picture[3]
        row = draw.integers(0, height)
        for _ in range(12):
            columns = np.flatnonzero((truth[row] > 0) & (truth[row] < 255))
            if len(columns):
                column = draw.choice(columns)
                y = int(np.clip(row - draw.integers(0, size), 0, height - size))
                x = int(np.clip(column - draw.integers(0, size), 0, width - size))
                break
            row = draw.integers(0, height)
    # Even places keep the grid of the halvings free of the crop.
    piece = np.array(picture[:, y : y + size, x : x + size])
    if size < CROP:
        piece = np.pad(piece, ((0, 0), (0, CROP - size), (0, CROP - size)))
        piece[3, size:, :], piece[3, :, size:] = 255, 255
    turns = draw.integers(0, 4) if draw.random() < 0.3 else 0
    return np.ascontiguousarray(np.rot90(piece, turns, axes=(1, 2)))


def batch(all_pictures, draw):
    pieces = np.stack([crop(all_pictures[draw.integers(0, len(all_pictures))], draw) for _ in range(BATCH)])
    values = torch.from_numpy(pieces[:, :3].astype(np.int8)).float()
    values *= torch.tensor([1 / 25, 1 / 40, 1 / 25])[None, :, None, None]
    # Dark on bright as often as the other way round would be; a little of another window.
    for n in range(BATCH):
        if draw.random() < 0.25:
            values[n, :2] = -values[n, :2]
        values[n, 1] = values[n, 1] * draw.uniform(0.7, 1.3) + draw.uniform(-0.3, 0.3)
    truth = torch.from_numpy(pieces[:, 3].astype(np.float32))
    return values, truth


def loss_of(logits, truth):
    # At half the size: text where any of four pixels is, undecided where any is.
    text = F.max_pool2d(torch.where(truth == 255, 0.0, truth)[:, None], 2)[:, 0]
    unsure = (F.max_pool2d((truth == 255).float()[:, None], 2)[:, 0] > 0) & (text == 0)
    is_text = text > 0
    # Small strings count as much as large ones: each about as the square root of its pixels.
    area = torch.exp2((text - 1) / 10)
    weight = torch.where(is_text, 60 / torch.sqrt(area.clamp(min=50)), 1.0)
    weight = torch.where(unsure, 0.0, weight)
    each = F.binary_cross_entropy_with_logits(logits, is_text.float(), reduction="none")
    # What is decided already counts less (focal).
    wrong = torch.abs(torch.sigmoid(logits) - is_text.float())
    return (each * weight * (0.1 + wrong)).sum() / weight.sum()


def write(net, path):
    net.eval()
    with open(path, "wb") as out, torch.no_grad():
        for layer in net.layers():
            for part in layer.folded():
                out.write(part.numpy().astype("<f2").tobytes())
        out.write(net.out.weight.numpy().astype("<f2").tobytes())
        out.write(net.out.bias.numpy().astype("<f2").tobytes())
    net.train()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--out", default="weights.bin")
    parser.add_argument("--start")
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("corpus", nargs="+")
    arguments = parser.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)
    draw = np.random.default_rng(SEED)
    everything = list(pictures(arguments.corpus))
    net = Net()
    if arguments.start:
        net.load_state_dict(torch.load(arguments.start))
    print(len(everything), "pictures,", sum(p.numel() for p in net.parameters()), "parameters", flush=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=arguments.rate, weight_decay=1e-4)
    began, step, mean = time.time(), 0, 0.0
    while True:
        share = (time.time() - began) / (arguments.minutes * 60)
        if share >= 1:
            break
        # Up within the first hundredth, then down along a cosine.
        rate = arguments.rate * min(1, share * 100 + 0.01) * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        values, truth = batch(everything, draw)
        loss = loss_of(net(values), truth)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        step += 1
        mean = loss.item() if step == 1 else mean * 0.99 + loss.item() * 0.01
        if step % 200 == 0:
            print(f"{step} steps, {time.time() - began:.0f} s, loss {mean:.5f}", flush=True)
        if step % 1000 == 0:
            torch.save(net.state_dict(), arguments.out + ".pt")
            write(net, arguments.out)
    torch.save(net.state_dict(), arguments.out + ".pt")
    write(net, arguments.out)


if __name__ == "__main__":
    main()
