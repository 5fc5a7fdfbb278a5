"""Reads names of DICOM files from standard input; writes the DICOM JSON Model of each, one a line."""
import json
import sys
import warnings

import pydicom
import pydicom.config

warnings.simplefilter("ignore")
# Private attributes keep the VR that the file gives them.
pydicom.config.replace_un_with_known_vr = False
for name in sys.stdin.read().splitlines():
    dataset = pydicom.dcmread(name, force=True)
    try:
        model = dataset.to_json_dict(
            bulk_data_threshold=1025, bulk_data_element_handler=lambda element: "bulk"
        )
        print(json.dumps(model))
    except Exception as error:  # what pydicom cannot express is not compared
        print(json.dumps({"error": type(error).__name__}))
