"""Makes lossless.tsv: small pictures coded as lossless JPEG by imagecodecs (its libjpeg-turbo 3 and liblj92).

Run:  python lossless.py > lossless.tsv        Needs: imagecodecs, numpy.

Sample c of pixel (x, y) is ((x * 7 + y * 13 + c * 31 + (x * y) % 5 * 11) * scale) modulo 2^bits, with scale 1 up to 8 bits
and 2^(bits - 8) + 1 above. Columns: name rows columns components codestream bits sha256 (of the samples as little-endian
32-bit integers, interleaved by pixel).
"""
import hashlib
import imagecodecs
import numpy as np

print("# imagecodecs", imagecodecs.__version__, "- lossless.py")
rows, columns = 19, 27
for components, bits, predictor in (
    [(1, b, 1) for b in (2, 8, 12, 16)] + [(1, 12, p) for p in range(2, 8)] + [(3, 8, 1), (3, 8, 7), (3, 16, 4)]
):
    y, x, c = np.meshgrid(np.arange(rows), np.arange(columns), np.arange(components), indexing="ij")
    v = (x * 7 + y * 13 + c * 31 + (x * y) % 5 * 11) * (1 if bits <= 8 else 2 ** (bits - 8) + 1) % 2**bits
    kind = np.uint8 if bits <= 8 else np.uint16
    shaped = v.astype(kind) if components == 3 else v[:, :, 0].astype(kind)
    stream = imagecodecs.jpeg8_encode(
        shaped, lossless=True, predictor=predictor, bitspersample=bits, colorspace=None
    )
    digest = hashlib.sha256(v.astype("<i4").tobytes()).hexdigest()
    print(f"c{components}-{bits}bit-p{predictor}", rows, columns, components, stream.hex(), bits, digest, sep="\t")
