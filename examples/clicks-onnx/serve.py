"""Serves an ONNX model to the tool Clicks: python serve.py MODEL.onnx [--listen 127.0.0.1:8000] [--version 1]

Needs onnxruntime, numpy and pillow. The model has two inputs and one output, all float32:

  image   [1, 3, H, W]  RGB from 0 to 1 (a grey picture three times over)
  points  [1, 2, H, W]  discs of radius 5 around the points in the object, and around those beside it
  output  [1, 1, H, W]  the object where it is above 0

H and W may be fixed or free. To a fixed size the picture is scaled, and the mask back. What is asked and answered is
described in docs/click-models.md.
"""

import argparse
import base64
import io
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import onnxruntime
from PIL import Image

RADIUS = 5
BODY_BYTES_MAX = 256 * 1024 * 1024


def discs(points, size, scale):
    """One plane of 0 and 1, H x W: a disc around each point."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]]
    plane = np.zeros(size, np.float32)
    for x, y in points:
        plane[(columns - x * scale[1]) ** 2 + (rows - y * scale[0]) ** 2 <= RADIUS**2] = 1
    return plane


def segment(session, question):
    """The mask of a question, H x W of the picture, bool."""
    picture = Image.open(io.BytesIO(base64.b64decode(question["png"]))).convert("RGB")
    height, width = question["height"], question["width"]
    if (picture.width, picture.height) != (width, height):
        raise ValueError("the picture has another size than is said")
    fixed = session.get_inputs()[0].shape[2:]
    size = tuple(own if isinstance(own, int) else asked for own, asked in zip(fixed, (height, width)))
    scale = (size[0] / height, size[1] / width)
    image = np.asarray(picture.resize((size[1], size[0])), np.float32).transpose(2, 0, 1)[None] / 255
    points = np.stack([discs(question[kind], size, scale) for kind in ("positive", "negative")])[None]
    names = [given.name for given in session.get_inputs()]
    logits = session.run(None, dict(zip(names, (image, points))))[0][0, 0]
    if logits.shape != (height, width):
        logits = np.asarray(Image.fromarray(logits).resize((width, height), Image.Resampling.BILINEAR))
    return logits > 0


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            length = int(self.headers.get("content-length", "0"))
            if not 0 < length <= BODY_BYTES_MAX:
                raise ValueError("no body, or one that is too large")
            mask = segment(self.server.session, json.loads(self.rfile.read(length)))
            answer = {
                "mask": base64.b64encode(np.packbits(mask)).decode(),
                "version": self.server.version,
            }
            status = 200
        except (ValueError, KeyError, TypeError, OSError) as error:
            status, answer = 400, {"error": str(error)}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing: what is asked is about somebody's pictures."""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--listen", default="127.0.0.1:8000")
    parser.add_argument("--version", default="1")
    said = parser.parse_args()
    host, port = said.listen.rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), Handler)
    server.session = onnxruntime.InferenceSession(said.model, providers=onnxruntime.get_available_providers())
    server.version = said.version
    server.serve_forever()


if __name__ == "__main__":
    main()
