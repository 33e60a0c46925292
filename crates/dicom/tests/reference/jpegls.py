"""Makes jpegls.tsv: small pictures coded by pyjpegls (CharLS), and the checksum of what it decodes.

Run:  python jpegls.py > jpegls.tsv        Needs: pyjpegls, numpy.

The pictures are a formula, so that only codestreams and checksums are kept: sample c of pixel (x, y) is
(x * 7 + y * 13 + c * 31 + (x * y) % 5 * 11 + (x // 6 % 2) * (y // 4 % 2) * 90) * scale, modulo 2^bits,
with scale 1 up to 8 bits and 2^(bits - 8) + 1 above. Columns: name rows columns components bits near codestream sha256
(of the decoded samples as little-endian 32-bit integers, interleaved by pixel).
"""
import hashlib
import numpy as np
import jpeg_ls

print("# pyjpegls", jpeg_ls.__version__, "- jpegls.py")
rows, columns = 13, 29
# CharLS takes and gives planes for interleave 0, and pixels for line and sample interleave alike.
TO = [(2, 0, 1), (0, 1, 2), (0, 1, 2)]
BACK = [(1, 2, 0), (0, 1, 2), (0, 1, 2)]


def picture(components, bits):
    y, x, c = np.meshgrid(np.arange(rows), np.arange(columns), np.arange(components), indexing="ij")
    v = x * 7 + y * 13 + c * 31 + (x * y) % 5 * 11 + (x // 6 % 2) * (y // 4 % 2) * 90
    scale = 1 if bits <= 8 else 2 ** (bits - 8) + 1
    # Flat areas make runs.
    v = np.where((x > 18) & (y > 6), 40, v)
    return (v * scale) % 2**bits


for components, mode in [(1, 0), (3, 0), (3, 1), (3, 2)]:
    for bits in (2, 5, 8, 12, 16):
        for near in (0, 3):
            if bits < 8 and near > 0:
                continue
            a = picture(components, bits)
            kind = np.uint8 if bits <= 8 else np.dtype("<u2")
            shaped = a.astype(kind)
            source = shaped.transpose(TO[mode])
            stream = bytes(jpeg_ls.encode_buffer(
                source.tobytes(), rows, columns, components, bits, lossy_error=near, interleave_mode=mode))
            out, _ = jpeg_ls.decode_buffer(stream)
            b = np.frombuffer(bytes(out), kind)
            b = b.reshape(source.shape).transpose(BACK[mode])
            assert np.abs(b.astype(int) - a).max() <= near
            digest = hashlib.sha256(np.ascontiguousarray(b).astype("<i4").tobytes()).hexdigest()
            name = f"c{components}-ilv{mode}-{bits}bit-near{near}"
            print(name, rows, columns, components, bits, near, stream.hex(), digest, sep="\t")
