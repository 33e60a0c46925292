"""Makes jpeg12.tsv: small 12-bit sequential JPEG pictures, coded here, and what scipy's transform makes of them.

Run:  python jpeg12.py > jpeg12.tsv        Needs: numpy, scipy.

Columns: name rows columns components codestream samples (12-bit, four hexadecimal digits each, interleaved).
The Huffman tables give every symbol a code of the same length; the quantisation is (1 + row + column) * 2.
"""
import numpy as np
import scipy
from scipy.fft import dctn, idctn

ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))
Q = np.add.outer(np.arange(8), np.arange(8)) * 2 + 2
DC = list(range(16))
AC = [0x00, 0xF0] + [r << 4 | s for r in range(16) for s in range(1, 13)]
print("# scipy", scipy.__version__, "- jpeg12.py")


class Bits:
    def __init__(self):
        self.bits = ""

    def symbol(self, table, length, value):
        self.bits += format(table.index(value), f"0{length}b")

    def number(self, value):
        size = int(abs(value)).bit_length()
        if size:
            self.bits += format(value if value > 0 else value + 2**size - 1, f"0{size}b")

    def bytes(self):
        self.bits += "1" * (-len(self.bits) % 8)
        raw = bytes(int(self.bits[i:i + 8], 2) for i in range(0, len(self.bits), 8))
        return raw.replace(b"\xff", b"\xff\0")


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def huffman(kind, table, length):
    counts = [len(table) if i + 1 == length else 0 for i in range(16)]
    return segment(0xC4, bytes([kind << 4] + counts + table))


def code(rows, columns, components, restart):
    y, x, c = np.meshgrid(np.arange(rows), np.arange(columns), np.arange(components), indexing="ij")
    picture = (2048 + 1700 * np.sin(x / 5 + c) * np.cos(y / 4) + (x * y * 37 % 300)).clip(0, 4095)
    padded = np.pad(picture, ((0, -rows % 8), (0, -columns % 8), (0, 0)), mode="edge") - 2048
    out = np.zeros_like(padded)
    stream, bits, block, last = b"", Bits(), 0, [0] * components
    for y0 in range(0, padded.shape[0], 8):
        for x0 in range(0, padded.shape[1], 8):
            if restart and block and block % restart == 0:
                stream += bits.bytes() + bytes([0xFF, 0xD0 + (block // restart - 1) % 8])
                bits, last = Bits(), [0] * components
            for k in range(components):
                f = np.rint(dctn(padded[y0:y0 + 8, x0:x0 + 8, k], norm="ortho") / Q).astype(int)
                out[y0:y0 + 8, x0:x0 + 8, k] = idctn((f * Q).astype(float), norm="ortho")
                values = [int(f.flat[i]) for i in ZIGZAG]
                d, last[k] = values[0] - last[k], values[0]
                bits.symbol(DC, 5, abs(d).bit_length())
                bits.number(d)
                run = 0
                end = max([i for i, v in enumerate(values) if v and i] or [0])
                for v in values[1:end + 1]:
                    if v == 0:
                        run += 1
                        continue
                    while run > 15:
                        bits.symbol(AC, 8, 0xF0)
                        run -= 16
                    bits.symbol(AC, 8, run << 4 | abs(v).bit_length())
                    bits.number(v)
                    run = 0
                if end < 63:
                    bits.symbol(AC, 8, 0)
            block += 1
    stream += bits.bytes()
    ids = range(1, components + 1)
    head = b"\xff\xd8" + segment(0xDB, bytes([0] + [int(Q.flat[i]) for i in ZIGZAG]))
    head += segment(0xC1, bytes([12, 0, rows, 0, columns, components] + [b for i in ids for b in (i, 0x11, 0)]))
    head += huffman(0, DC, 5) + huffman(1, AC, 8)
    if restart:
        head += segment(0xDD, restart.to_bytes(2, "big"))
    head += segment(0xDA, bytes([components] + [b for i in ids for b in (i, 0)] + [0, 63, 0]))
    expected = np.rint(out + 2048).clip(0, 4095).astype(int)[:rows, :columns]
    return head + stream + b"\xff\xd9", expected


for name, arguments in {"gray": (13, 21, 1, 0), "restarts": (20, 20, 1, 2), "colour": (9, 10, 3, 1)}.items():
    stream, expected = code(*arguments)
    print(name, *arguments[:3], stream.hex(), "".join(f"{v:04x}" for v in expected.flat), sep="\t")
