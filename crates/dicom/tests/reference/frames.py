"""Makes frames.tsv: what pydicom decodes from each sample.

Run:  COUNTERSIGN_SAMPLES=... python frames.py > frames.tsv
Needs: pydicom 3.0, numpy, pylibjpeg (libjpeg, openjpeg, rle), pyjpegls.

One line per file and frame: path, frame, rows, columns, samples per pixel, smallest value, largest value, sha256.
Gray frames: stored values (pydicom raw) as little-endian 32-bit integers. Colour frames: RGB, palettes applied and
reduced to 8 bits, as little-endian 32-bit integers. A file that does not decode has "-" and the reason's type.
"""
import glob, hashlib, os, warnings
import numpy as np
import pydicom
from pydicom.pixels import pixel_array, apply_color_lut

warnings.simplefilter("ignore")
root = os.environ["COUNTERSIGN_SAMPLES"]
print(f"# pydicom {pydicom.__version__}, frames.py; path frame rows columns samples min max sha256")
for path in sorted(glob.glob(f"{root}/dicom*/*.dcm")):
    name = os.path.relpath(path, root)
    ds = pydicom.dcmread(path, force=True)
    frames = int(ds.get("NumberOfFrames", 1) or 1)
    for i in range(frames):
        try:
            a = pixel_array(ds, index=i)
            if ds.PhotometricInterpretation == "PALETTE COLOR":
                a = apply_color_lut(a, ds)
                if a.dtype == np.uint16:
                    a = a if a.max() < 256 else a >> 8
            flat = a.astype("<i4")
            samples = 3 if a.ndim == 3 else 1
            print(name, i, a.shape[0], a.shape[1], samples, flat.min(), flat.max(),
                  hashlib.sha256(flat.tobytes()).hexdigest(), sep="\t")
        except Exception as e:
            print(name, i, "-", type(e).__name__, sep="\t")
