"""The script that sets the algorithm beside published numbers, on digits in their format."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

from neurosim.hashing.vectors import load_vectors

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "published_hashes.py"


def run(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, path], capture_output=True, text=True, check=False
    )


def test_on_digits_the_methods_rank_as_published(tmp_path: Path) -> None:
    pixels = load_vectors("digits", np.random.default_rng(0)).samples.astype(np.uint8)
    path = tmp_path / "digits-idx3-ubyte"
    path.write_bytes(struct.pack(">HBB3I", 0, 8, 3, len(pixels), 8, 8) + pixels.tobytes())
    done = run(path)
    assert done.returncode == 0, done.stderr
    assert "1797 vectors of 64 features, k = 4" in done.stdout
    found = re.findall(r"^(.+?) +mAP (\S+) \+- (\S+)  printed: (.+)$", done.stdout, re.MULTILINE)
    precision = {method: float(mean) for method, mean, _, _ in found}
    spread = max(float(sd) for _, _, sd, _ in found)
    printed = {method: text for method, _, _, text in found}
    assert printed["LSH"] == "MNIST .160"
    assert printed["fly, m = 10 d"] == "MNIST .448"
    assert precision["fly, m = 10 d"] > precision["fly, m = 20 k"] > precision["LSH"]
    assert precision["fly, m = 20 k"] > precision["random cells, m = 20 k"]
    assert spread < 0.1


def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path / "missing.fvecs")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "missing.fvecs" in done.stderr
