"""Makes jpeg2000.tsv: small pictures coded without loss by imagecodecs (OpenJPEG, and OpenJPH for high throughput).

Run:  python jpeg2000.py > jpeg2000.tsv        Needs: imagecodecs, numpy.

Sample c of pixel (x, y) is ((x * 7 + y * 13 + c * 31 + (x * y) % 5 * 11) * scale) modulo 2^bits, with scale 1 up to 8 bits
and 2^(bits - 8) + 1 above. Columns: name rows columns components codestream bits sha256 (of the samples as little-endian
32-bit integers, interleaved by pixel).
"""
import hashlib
import imagecodecs
import numpy as np

print("# imagecodecs", imagecodecs.__version__, imagecodecs.jpeg2k_version(), imagecodecs.htj2k_version(), "- jpeg2000.py")
rows, columns = 23, 37
for name, components, bits in [("j2k-gray-8", 1, 8), ("j2k-gray-12", 1, 12), ("j2k-gray-16", 1, 16), ("j2k-rgb-8", 3, 8),
                               ("htj2k-gray-8", 1, 8), ("htj2k-gray-16", 1, 16), ("htj2k-rgb-8", 3, 8)]:
    y, x, c = np.meshgrid(np.arange(rows), np.arange(columns), np.arange(components), indexing="ij")
    v = (x * 7 + y * 13 + c * 31 + (x * y) % 5 * 11) * (1 if bits <= 8 else 2 ** (bits - 8) + 1) % 2**bits
    kind = np.uint8 if bits <= 8 else np.uint16
    shaped = v.astype(kind) if components == 3 else v[:, :, 0].astype(kind)
    if name.startswith("ht"):
        stream = imagecodecs.htj2k_encode(shaped, reversible=True)
    else:
        stream = imagecodecs.jpeg2k_encode(shaped, codecformat="J2K", reversible=True, bitspersample=bits, mct=components == 3)
    digest = hashlib.sha256(v.astype("<i4").tobytes()).hexdigest()
    print(name, rows, columns, components, bytes(stream).hex(), bits, digest, sep="\t")
