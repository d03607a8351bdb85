#!/bin/bash
# pytest-xdist: with pytest 9.2, `--dist loadgroup` no longer keeps the tests of an `xdist_group` together, and says nothing. Tests
# that share a port, a database or what took minutes to make, and were marked to run in one worker for that, run in all of them at
# once. The plugin writes the group behind the test's id (`item._nodeid = "...@group"`), and pytest 9.2 has no such attribute any
# more: the assignment makes one that nobody reads. `--dist loadfile` and `loadscope`, which read the ids, still do what they say.
#
# Seen with pytest-xdist 3.8.0, Python 3.11 on Linux (workers that the six tests of one group ran in):
#   pytest 9.1.1: loadgroup 1, loadfile 1
#   pytest 9.2.0: loadgroup 2, loadfile 1
# Exits 0 while that is so, 1 when groups stay together again.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/test_group.py" <<'PYTHON'
import os, time

import pytest

pytestmark = pytest.mark.xdist_group("one database")


@pytest.mark.parametrize("number", range(6))
def test_with_the_database(number):
    time.sleep(0.3)
    with open("workers", "a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
PYTHON

failed=0
for version in 9.1.1 9.2.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -q "pytest==$version" pytest-xdist==3.8.0
    for way in loadgroup loadfile; do
        rm -f "$folder/workers"
        (cd "$folder" && "$version/bin/python" -m pytest -q -p no:cacheprovider -n 2 --dist $way test_group.py >/dev/null)
        declare "$way=$(sort -u "$folder/workers" | wc -l)"
    done
    echo "pytest $version: loadgroup $loadgroup, loadfile $loadfile"
    [[ $version == 9.2.0 ]] && wanted=2 || wanted=1
    [[ $loadgroup == "$wanted" && $loadfile == 1 ]] || failed=1
done
exit $failed
