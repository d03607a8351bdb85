#!/bin/bash
# simplejpeg's decode_jpeg(data, strict=False) promises not to raise for errors that can be recovered from. A JPEG with one
# byte too many before a marker is such a file: libjpeg gives a warning, Pillow and decode_jpeg_header(strict=False) read it.
# decode_jpeg(strict=False) raises all the same, though it reads a file with 65 bytes too many before its end.
# Seen with simplejpeg 1.9.0, Pillow 13.0.0, NumPy 2.4.6, Python 3.11: exit code 0 while it is so.
set -e
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q simplejpeg==1.9.0 pillow==13.0.0 numpy==2.4.6
"$place/venv/bin/python" - <<'PROGRAM'
import io
import sys

import numpy as np
import PIL
import simplejpeg
from PIL import Image

print("simplejpeg", simplejpeg.__version__, "Pillow", PIL.__version__, "numpy", np.__version__)
buffer = io.BytesIO()
Image.fromarray(np.full((16, 24, 3), 120, np.uint8)).save(buffer, "JPEG")
plain = buffer.getvalue()
tables, end = plain.index(b"\xff\xdb"), plain.rindex(b"\xff\xd9")
junk = plain[:tables] + b"\0" + plain[tables:]
late = plain[:end] + b"\x11" * 65 + plain[end:]

print("Pillow:", np.asarray(Image.open(io.BytesIO(junk))).shape)
print("decode_jpeg_header(strict=False):", simplejpeg.decode_jpeg_header(junk, strict=False))
print("decode_jpeg(strict=False), junk before the end:", simplejpeg.decode_jpeg(late, strict=False).shape)
try:
    print("decode_jpeg(strict=False), one byte before the tables:", simplejpeg.decode_jpeg(junk, strict=False).shape)
except ValueError as error:
    print("decode_jpeg(strict=False), one byte before the tables: ValueError:", error)
    sys.exit(0)
sys.exit(1)
PROGRAM
