"""Makes jxl.tsv: small pictures coded without loss by imagecodecs (libjxl).

Run:  python jxl.py > jxl.tsv        Needs: imagecodecs, numpy.

Sample c of pixel (x, y) is ((x * 7 + y * 13 + c * 31 + (x * y) % 5 * 11) * scale) modulo 2^bits, with scale 1 up to 8 bits
and 2^(bits - 8) + 1 above. Columns: name rows columns components codestream bits sha256 (of the samples as little-endian
32-bit integers, interleaved by pixel).
"""
import hashlib
import imagecodecs
import numpy as np

print("# imagecodecs", imagecodecs.__version__, imagecodecs.jpegxl_version(), "- jxl.py")
rows, columns = 21, 34
for name, components, bits in [("gray-8", 1, 8), ("gray-12", 1, 12), ("gray-16", 1, 16), ("rgb-8", 3, 8), ("rgb-16", 3, 16)]:
    y, x, c = np.meshgrid(np.arange(rows), np.arange(columns), np.arange(components), indexing="ij")
    v = (x * 7 + y * 13 + c * 31 + (x * y) % 5 * 11) * (1 if bits <= 8 else 2 ** (bits - 8) + 1) % 2**bits
    kind = np.uint8 if bits <= 8 else np.uint16
    shaped = v.astype(kind) if components == 3 else v[:, :, 0].astype(kind)
    stream = imagecodecs.jpegxl_encode(shaped, lossless=True, bitspersample=bits)
    digest = hashlib.sha256(v.astype("<i4").tobytes()).hexdigest()
    print(name, rows, columns, components, stream.hex(), bits, digest, sep="\t")
