#!/usr/bin/env python3
"""Trains the net that finds burned-in text, and writes its weights.

usage: train.py --steps N [--stop N] --out weights.bin [--start checkpoint.pt|weights.bin [--mine hard.npz]] CORPUS...

CORPUS is what `cargo run --release -p countersign-deid --example text_corpus` writes. The net is small enough for one
core: two halvings without loss (space to depth), separable convolutions, dilated ones at an eighth of the size. Batch
normalisation is folded into the convolutions when weights are written; these are 16-bit floats in the order of `layers()`.

From written weights (`.bin`) training goes on as well: what normalisation was folded into them is measured again on some
crops, so that the net begins as the one that was written.

Everything follows from the seed and the number of steps. With `--mine`, the net of `--start` first says of every string of
the corpus how badly it sees it, and of every picture where it sees text without any (kept in the file that is named);
half of the crops then lie around what it does worst.
"""

import argparse
import os
import random
import struct
import time

import numpy as np
import torch
from scipy import ndimage
from torch import nn
from torch.nn import functional as F

CROP = 192
BATCH = 12
SEED = 20261126
DILATIONS = [1, 2, 4, 8, 1, 2, 4]
CHANNELS = 4
FINE = 3
# Blocks of two by two pixels around a string that count as beside it.
BESIDE = 6
# Shares of the crops around strings by how badly they are seen, around any string, and around what is taken for text.
HARD, ANY, FALSE = 0.35, 0.2, 0.25
# The net looks at one picture in so many when it says where to look; strings of the others count as badly seen as this.
LOOKED_AT, UNSEEN = 3, 0.15
# Batches over which the normalisation of written weights is measured.
MEASURED = 12
# Scales of the channels of the corpus.
SCALES = [1 / 25, 1 / 40, 1 / 25, 1 / 20]


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
        self.a = Conv(CHANNELS * 4, 8, 3)
        self.a_deep, self.a_wide = Conv(8, 8, 3, groups=8, act=False), Conv(8, 8, 1)
        # The commonness of values goes past the first layers as it is.
        self.b = Conv(48, 32, 1)
        self.b_deep = nn.ModuleList([Conv(32, 32, 3, groups=32, act=False) for _ in range(FINE)])
        self.b_wide = nn.ModuleList([Conv(32, 32, 1) for _ in range(FINE)])
        self.c = Conv(32, 48, 1)
        self.c_deep = nn.ModuleList([Conv(48, 48, 3, groups=48, dilation=d, act=False) for d in DILATIONS])
        self.c_wide = nn.ModuleList([Conv(48, 48, 1, act=False) for _ in DILATIONS])
        self.up = Conv(48, 32, 1, act=False)
        self.d_deep, self.d_wide = Conv(32, 32, 3, groups=32, act=False), Conv(32, 32, 1)
        self.out = nn.Conv2d(32, 4, 1)

    def forward(self, x):
        pixels = F.pixel_unshuffle(x, 2)
        x = self.a(pixels)
        x = F.relu(x + self.a_wide(self.a_deep(x)))
        x = self.b(F.pixel_unshuffle(torch.cat([x, pixels[:, -4:]], 1), 2))
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

    def grow_from(self, state):
        """Takes the weights of a smaller net; layers and inputs that it does not have begin with next to no say."""
        for name in ("a.conv.weight", "b.conv.weight"):
            more = self.state_dict()[name].shape[1] - state[name].shape[1]
            state[name] = F.pad(state[name], (0, 0, 0, 0, 0, more))
        self.load_state_dict(state, strict=False)
        for name, part in self.named_modules():
            if "_wide." in name and isinstance(part, nn.BatchNorm2d) and f"{name}.weight" not in state:
                nn.init.constant_(part.weight, 0.0 if name.startswith("c_") else 0.05)


def unfold(net, path, batches):
    """Takes the weights that `write` wrote. Each normalisation gets the mean and the spread that its convolution has on the
    batches, and gives back both: nothing changes, and training can go on."""
    data, at = np.fromfile(path, dtype="<f2").astype(np.float32), 0

    def take(like):
        nonlocal at
        part = torch.from_numpy(data[at : at + like.numel()].copy()).view_as(like)
        at += like.numel()
        return part

    with torch.no_grad():
        for layer in net.layers():
            layer.conv.weight.copy_(take(layer.conv.weight))
            layer.norm.bias.copy_(take(layer.norm.bias))
            layer.norm.running_var.fill_(1 - layer.norm.eps)
        net.out.weight.copy_(take(net.out.weight))
        net.out.bias.copy_(take(net.out.bias))
    if at != len(data):
        raise ValueError(f"{path} does not hold the weights of this net")
    sums = {}

    def measure(norm, inputs):
        mean, square = inputs[0].mean((0, 2, 3)), (inputs[0] ** 2).mean((0, 2, 3))
        was = sums.get(norm, (0, 0))
        sums[norm] = was[0] + mean / len(batches), was[1] + square / len(batches)

    hooks = [layer.norm.register_forward_pre_hook(measure) for layer in net.layers()]
    net.eval()
    with torch.no_grad():
        for values, _ in batches:
            net(values)
        for norm, (mean, square) in sums.items():
            spread = torch.sqrt((square - mean**2).clamp(min=0) + norm.eps)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(spread**2 - norm.eps)
            norm.weight.copy_(spread)
            norm.bias.add_(mean)
    for hook in hooks:
        hook.remove()
    net.train()


def pictures(paths):
    for path in paths:
        data = np.memmap(path, dtype=np.uint8, mode="r")
        at = 0
        while at < len(data):
            width, height = struct.unpack("<II", bytes(data[at : at + 8]))
            at += 8
            size = (CHANNELS + 1) * width * height
            yield data[at : at + size].reshape(CHANNELS + 1, height, width)
            at += size


def as_input(values):
    return torch.from_numpy(values.astype(np.int8)).float() * torch.tensor(SCALES)[:, None, None]


def mine(net, all_pictures):
    """Per string: picture, middle, and how badly it is seen; per place that is taken for text: picture, middle, its size.
    Without a net all strings count the same, and no places are looked for."""
    if net is not None:
        net.eval()
    strings, places = [], []
    for number, picture in enumerate(all_pictures):
        _, height, width = picture.shape
        truth = picture[CHANNELS]
        found, count = ndimage.label((truth > 0) & (truth < 255))
        if net is None or number % LOOKED_AT:
            parts = ndimage.find_objects(found)
            strings.extend((number, *((p.start + p.stop) // 2 for p in part), UNSEEN) for part in parts)
            continue
        values = F.pad(as_input(picture[:CHANNELS])[None], (0, -width % 8, 0, -height % 8), mode="replicate")
        with torch.no_grad():
            seen = torch.sigmoid(net(values.to(memory_format=torch.channels_last)))[0].numpy()
        if count:
            full = np.repeat(np.repeat(seen, 2, 0), 2, 1)[:height, :width]
            missed = ndimage.mean(-np.log(np.maximum(full, 1e-4)), found, np.arange(1, count + 1))
            for part, much in zip(ndimage.find_objects(found), missed):
                strings.append((number, *((p.start + p.stop) // 2 for p in part), much))
        background = truth[::2, ::2][: seen.shape[0], : seen.shape[1]] == 0
        rows, columns = background.shape
        taken, count = ndimage.label((seen[:rows, :columns] > 0.3) & background)
        sizes = np.bincount(taken.ravel(), minlength=count + 1)[1:]
        for part, size in zip(ndimage.find_objects(taken), sizes):
            if size >= 12:
                places.append((number, *(p.start + p.stop for p in part), np.sqrt(size)))
    if net is not None:
        net.train()
    return np.array(strings), np.array(places).reshape(-1, 4)


class Draw:
    """Draws crops."""

    def __init__(self, all_pictures, strings, places):
        self.pictures, self.random = all_pictures, np.random.default_rng(SEED)
        self.strings, self.places = strings, places
        # What is hopeless must not be all that is shown: the badness counts up to a limit.
        self.hard = np.cumsum(np.clip(strings[:, 3], 0.01, 1.0))
        self.false = np.cumsum(places[:, 3]) if len(places) else None

    def target(self):
        """Picture and, mostly, a place that the crop must hold."""
        kind = self.random.random()
        if not len(self.strings):
            return None
        if kind < HARD:
            return self.strings[self.weighted(self.hard)]
        if kind < HARD + ANY:
            return self.strings[self.random.integers(len(self.strings))]
        if kind < HARD + ANY + FALSE and self.false is not None:
            return self.places[self.weighted(self.false)]
        return None

    def weighted(self, sums):
        return min(np.searchsorted(sums, self.random.random() * sums[-1]), len(sums) - 1)

    def crop(self):
        target = self.target()
        number = self.random.integers(len(self.pictures)) if target is None else int(target[0])
        picture = self.pictures[number]
        _, height, width = picture.shape
        size = min(CROP, height, width)
        if target is None:
            y, x = self.random.integers(0, height - size + 1), self.random.integers(0, width - size + 1)
        else:
            # Its middle lies somewhere in the crop, not at the very edge.
            away = self.random.integers(size // 8, size - size // 8, 2)
            y = int(np.clip(target[1] - away[0], 0, height - size))
            x = int(np.clip(target[2] - away[1], 0, width - size))
        piece = np.array(picture[:, y : y + size, x : x + size])
        if size < CROP:
            piece = np.pad(piece, ((0, 0), (0, CROP - size), (0, CROP - size)))
            piece[CHANNELS, size:, :], piece[CHANNELS, :, size:] = 255, 255
        turns = self.random.integers(0, 4) if self.random.random() < 0.3 else 0
        return np.ascontiguousarray(np.rot90(piece, turns, axes=(1, 2)))

    def batch(self):
        pieces = np.stack([self.crop() for _ in range(BATCH)])
        values = as_input(pieces[:, :CHANNELS])
        # Dark on bright as often as the other way round would be; a little of another window.
        for n in range(BATCH):
            if self.random.random() < 0.25:
                values[n, :2] = -values[n, :2]
            values[n, 1] = values[n, 1] * self.random.uniform(0.7, 1.3) + self.random.uniform(-0.3, 0.3)
        truth = torch.from_numpy(pieces[:, CHANNELS].astype(np.float32))
        return values.to(memory_format=torch.channels_last), truth


def loss_of(logits, truth):
    # At half the size: text where any of four pixels is, undecided where any is.
    text = F.max_pool2d(torch.where(truth == 255, 0.0, truth)[:, None], 2)[:, 0]
    unsure = (F.max_pool2d((truth == 255).float()[:, None], 2)[:, 0] > 0) & (text == 0)
    is_text = text > 0
    # Small strings count as much as large ones: each about as the square root of its pixels.
    area = torch.exp2((text - 1) / 10)
    # What lies beside a string counts more than what lies far: a box that bulges takes the picture with it.
    beside = F.max_pool2d(is_text.float()[:, None], 2 * BESIDE + 1, stride=1, padding=BESIDE)[:, 0] > 0
    weight = torch.where(is_text, 60 / torch.sqrt(area.clamp(min=50)), torch.where(beside, 2.5, 1.0))
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
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--stop", type=int, help="end after so many of the steps, the rate still on its way down")
    parser.add_argument("--out", default="weights.bin")
    parser.add_argument("--start")
    parser.add_argument("--mine")
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("corpus", nargs="+")
    arguments = parser.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    everything = list(pictures(arguments.corpus))
    net = Net()
    if arguments.start and arguments.start.endswith(".bin"):
        anywhere = Draw(everything, np.zeros((0, 4)), np.zeros((0, 4)))
        unfold(net, arguments.start, [anywhere.batch() for _ in range(MEASURED)])
    elif arguments.start:
        net.grow_from(torch.load(arguments.start))
    net = net.to(memory_format=torch.channels_last)
    print(len(everything), "pictures,", sum(p.numel() for p in net.parameters()), "parameters", flush=True)
    if arguments.mine and os.path.exists(arguments.mine):
        strings, places = (np.load(arguments.mine)[name] for name in ("strings", "places"))
    else:
        strings, places = mine(net if arguments.mine else None, everything)
        if arguments.mine:
            np.savez(arguments.mine, strings=strings, places=places)
    print(len(strings), "strings,", len(places), "places taken for text", flush=True)
    draw = Draw(everything, strings, places)
    optimizer = torch.optim.AdamW(net.parameters(), lr=arguments.rate, weight_decay=1e-4)
    began, mean = time.time(), None
    for step in range(arguments.stop or arguments.steps):
        # Up within the first hundredth, then down along a cosine.
        share = step / arguments.steps
        rate = arguments.rate * min(1, share * 100 + 0.01) * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        values, truth = draw.batch()
        loss = loss_of(net(values), truth)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        mean = loss.item() if mean is None else mean * 0.99 + loss.item() * 0.01
        if step % 50 == 49:
            print(f"{step + 1} steps, {time.time() - began:.0f} s, loss {mean:.5f}", flush=True)
        if step % 100 == 99:
            torch.save(net.state_dict(), arguments.out + ".pt")
            write(net, arguments.out)
    torch.save(net.state_dict(), arguments.out + ".pt")
    write(net, arguments.out)


if __name__ == "__main__":
    main()
