#!/bin/bash
# grain's WindowShuffleMapDataset, which mixes records within a window so that reading stays local, loses records at the end
# of a data set whose length is no multiple of the window. It takes the places of a whole window for the last one too, and
# an index past the end of a MapDataset is no error, it is the start of the next epoch: ten records in windows of four come
# as the first eight, then two out of 8, 9, 0, 1. Within one epoch some are never read and others twice, and len() is right.
# WindowShuffleIterDataset mixes the short window by itself and loses nothing.
# Seen with grain 0.2.18, ten records:
#   map, window 3: [1, 2, 0, 3, 5, 4, 8, 7, 6, 0]
#   map, window 4: [1, 2, 3, 0, 4, 7, 5, 6, 0, 1]
#   map, window 5: [1, 2, 3, 0, 4, 5, 9, 6, 7, 8]
#   never read by map: {3: [9], 4: [8, 9], 5: []}; by iter: {3: [], 4: [], 5: []}
# Exits 0 while that is so, 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q grain==0.2.18 numpy==2.4.6
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import importlib.metadata
import sys

import grain
from grain.experimental import WindowShuffleIterDataset, WindowShuffleMapDataset

print("grain", importlib.metadata.version("grain"))
lost, lost_in_order = {}, {}
for window in (3, 4, 5):
    source = grain.MapDataset.range(10)
    by_index = [int(x) for x in WindowShuffleMapDataset(source, window_size=window, seed=1)]
    in_order = [int(x) for x in WindowShuffleIterDataset(source.to_iter_dataset(), window_size=window, seed=1)]
    print(f"map, window {window}: {by_index}")
    lost[window] = sorted(set(range(10)) - set(by_index))
    lost_in_order[window] = sorted(set(range(10)) - set(in_order))
print(f"never read by map: {lost}; by iter: {lost_in_order}")
sys.exit(not (lost == {3: [9], 4: [8, 9], 5: []} and lost_in_order == {3: [], 4: [], 5: []}))
PYTHON
