"""Writes `train.csv` and `test.csv` from scikit-learn's copy of the UCI 8x8 handwritten digits.

Run once, only to reproduce the committed files: `pip install numpy scikit-learn`, then `python data.py`.
Each row is `label,p0,...,p63`: a digit 0..9 and its pixels row by row, 0 (paper) to 16 (ink). A fifth of the
images, drawn by a fixed seed, is held back for testing; training never opens `test.csv`.

Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
test part (1797 images), distributed there under CC BY 4.0. The pixels are unchanged.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

SPLIT_SEED = 3425
TEST_IMAGES = 360
HERE = Path(__file__).parent


def main():
    digits = load_digits()
    rows = np.column_stack([digits.target, digits.data]).astype(int)
    # RandomState is NumPy's frozen generator: the same permutation in every release.
    order = np.random.RandomState(SPLIT_SEED).permutation(len(rows))
    for name, indices in (("test.csv", order[:TEST_IMAGES]), ("train.csv", order[TEST_IMAGES:])):
        np.savetxt(HERE / name, rows[indices], fmt="%d", delimiter=",")
        print(f"{name}: {len(indices)} images")


if __name__ == "__main__":
    main()
