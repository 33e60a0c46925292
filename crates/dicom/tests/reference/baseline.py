"""Makes baseline.tsv: small pictures coded as baseline JPEG by Pillow (libjpeg-turbo).

Run:  python baseline.py > baseline.tsv        Needs: pillow, numpy.

The picture is a formula with soft edges. Columns: name rows columns components codestream.
"""
import io
import numpy as np
import PIL
from PIL import Image

print("# pillow", PIL.__version__, "- baseline.py")
for name, rows, columns, components, sampling, extra in [
    ("gray", 27, 35, 1, 0, {}),
    ("full", 27, 35, 3, 0, {}),
    ("half", 27, 35, 3, 1, {}),
    ("quarter", 40, 50, 3, 2, {}),
    ("restarts", 40, 50, 3, 2, {"restart_marker_blocks": 2}),
]:
    y, x, c = np.meshgrid(np.arange(rows), np.arange(columns), np.arange(components), indexing="ij")
    v = (128 + 90 * np.sin(x / 6 + c) * np.cos(y / 5) + (x > 20) * 20).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(v[:, :, 0] if components == 1 else v)
    out = io.BytesIO()
    image.save(out, "jpeg", quality=85, subsampling=sampling, **extra)
    print(name, rows, columns, components, out.getvalue().hex(), sep="\t")
