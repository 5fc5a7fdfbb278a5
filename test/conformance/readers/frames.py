"""Frames of DICOM files as pydicom finds them, without decoding.

In: paths, one a line, on standard input. Out: for each file a line of JSON, the SHA-1 of the stored
bytes of every frame. Native frames that are not whole bytes are packed anew from their lowest bit on.
"""

import hashlib
import json
import sys

import numpy
import pydicom
from pydicom.encaps import generate_pixel_data
from pydicom.pixel_data_handlers.util import get_expected_length

NAMES = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def frames(path):
    dataset = pydicom.dcmread(path)
    name = next((each for each in NAMES if each in dataset), None)
    if name is None:
        return
    value = dataset[name].value
    count = int(dataset.get("NumberOfFrames") or 1)
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        for parts in generate_pixel_data(value, count):
            yield b"".join(parts)
    elif dataset.get("BitsAllocated") == 1:
        bits = numpy.unpackbits(numpy.frombuffer(value, numpy.uint8), bitorder="little")
        size = dataset.Rows * dataset.Columns
        for at in range(count):
            yield numpy.packbits(bits[at * size : (at + 1) * size], bitorder="little").tobytes()
    else:
        length = get_expected_length(dataset) // count
        for at in range(count):
            yield value[at * length : (at + 1) * length]


for line in sys.stdin:
    print(json.dumps([hashlib.sha1(each).hexdigest() for each in frames(line.rstrip("\n"))]))
