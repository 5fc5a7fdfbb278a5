"""Elements of DICOM files as pydicom finds them, before it converts any value.

In: paths, one a line, on standard input. Out: for each file a line of JSON, a list of
[path, VR, length, SHA-1 of the value]; sequences have the number of their items instead, encapsulated
pixel data the SHA-1 of all fragments. Texts governed by (0008,0005) are followed by how they read.
"""

import hashlib
import json
import struct
import sys

import pydicom
from pydicom.filereader import data_element_generator

# What stands in the file, not what pydicom knows of private attributes.
pydicom.config.replace_un_with_known_vr = False

TEXTS = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")


def fragments(value):
    at, digest = 0, hashlib.sha1()
    while at + 8 <= len(value):
        group, element, length = struct.unpack_from("<HHL", value, at)
        if (group, element) != (0xFFFE, 0xE000):
            break
        digest.update(struct.pack("<L", length) + value[at + 8 : at + 8 + length])
        at += 8 + length
    return digest.hexdigest()


def words(element):
    value = element.value
    values = [] if value is None else value if element.VM > 1 else [value]
    return "\\".join(str(each) for each in values)


def raw(element):
    """(0008,0005) is converted on reading: its text is padded again."""
    if element.value is None or isinstance(element.value, bytes):
        return element.value or b""
    text = element.value if isinstance(element.value, str) else "\\".join(element.value)
    return text.encode("ascii") + b" " * (len(text) % 2)


def rows(data_set, prefix, found):
    for tag in sorted(data_set.keys()):
        item = data_set.get_item(tag)
        path = f"{prefix}{tag.group:04X}{tag.element:04X}"
        if item.VR == "SQ":
            items = data_set[tag].value
            found.append([path, "SQ", len(items), ""])
            for index, inner in enumerate(items):
                rows(inner, f"{path}[{index}].", found)
        elif getattr(item, "length", 0) == 0xFFFFFFFF or getattr(item, "is_undefined_length", False):
            found.append([path, item.VR, -1, fragments(item.value)])
        else:
            value = raw(item)
            row = [path, item.VR, len(value), hashlib.sha1(value).hexdigest()]
            if item.VR in TEXTS:
                row.append(words(data_set[tag]))
            found.append(row)


def meta(path):
    with open(path, "rb") as file:
        file.seek(132)
        stop = lambda tag, *_: tag.group != 2
        elements = data_element_generator(file, False, True, stop_when=stop)
        return pydicom.Dataset({each.tag: each for each in elements})


for line in sys.stdin:
    path = line.rstrip("\n")
    found = []
    rows(meta(path), "", found)
    rows(pydicom.dcmread(path), "", found)
    print(json.dumps(found))
