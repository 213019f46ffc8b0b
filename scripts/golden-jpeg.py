#!/usr/bin/env python3
"""Makes the pictures in fixtures/jpeg: JPEGs of every kind, and what libjpeg makes of them.

Needs opencv-python-headless, numpy and Pillow, the wheels of which carry libjpeg-turbo. NAME.png
beside NAME.jpg holds the decoded samples; rot90 has to give the same ones. The bitmap suite's JPEG
is decoded too.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
FOLDER = FIXTURES / "jpeg"
SAMPLING = {
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "440": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "411": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
}


def picture(width: int, height: int) -> np.ndarray:
    """Colours that run, edges, and noise: blue, green, red."""
    random = np.random.default_rng(width * 1000 + height)
    y, x = np.mgrid[0:height, 0:width]
    out = np.stack([x * 5 % 256, y * 7 % 256, (x * y) % 256], axis=-1)
    out[height // 3 : height // 2, width // 4 : width // 2] = (0, 40, 255)
    noise = random.integers(-30, 30, out.shape)
    noise[:, : width // 2] = 0
    return np.clip(out + noise, 0, 255).astype(np.uint8)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)

    def by_opencv(name: str, image: np.ndarray, *options: int) -> None:
        assert cv2.imwrite(str(FOLDER / f"{name}.jpg"), image, list(options))

    for name, factor in SAMPLING.items():
        both = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
        by_opencv(name, picture(37, 29), *both, cv2.IMWRITE_JPEG_QUALITY, 85)
        by_opencv(
            f"{name}-progressive", picture(43, 35), *both,
            cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_QUALITY, 75,
        )
        by_opencv(
            f"{name}-restarts", picture(70, 33), *both,
            cv2.IMWRITE_JPEG_RST_INTERVAL, 2, cv2.IMWRITE_JPEG_QUALITY, 60,
        )
    by_opencv("420-progressive-restarts", picture(70, 50), cv2.IMWRITE_JPEG_PROGRESSIVE, 1,
              cv2.IMWRITE_JPEG_RST_INTERVAL, 3)
    by_opencv("420-coarse", picture(48, 48), cv2.IMWRITE_JPEG_QUALITY, 3)
    by_opencv("444-fine", picture(24, 24), cv2.IMWRITE_JPEG_QUALITY, 100,
              cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLING["444"])
    by_opencv("420-3x3", picture(3, 3))
    by_opencv("420-1x1", picture(1, 1))
    by_opencv("420-17x1", picture(17, 1))
    by_opencv("420-1x17", picture(1, 17))
    by_opencv("grey", picture(37, 29)[:, :, 0])
    by_opencv("grey-progressive", picture(37, 29)[:, :, 0], cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    rgb = Image.fromarray(picture(33, 21)[:, :, ::-1])
    rgb.save(FOLDER / "rgb.jpg", quality=80, keep_rgb=True)
    rgb.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=80)
    # Nothing at hand writes YCCK: the same samples, said to be that in Adobe's segment.
    data = bytearray((FOLDER / "cmyk.jpg").read_bytes())
    data[data.index(b"Adobe") + 11] = 2
    (FOLDER / "ycck.jpg").write_bytes(data)
    rgb.save(FOLDER / "optimised.jpg", quality=80, optimize=True, subsampling=2)

    for path in sorted(FOLDER.glob("*.jpg")):
        Image.open(path).convert("RGB").save(path.with_suffix(".png"), optimize=True)
    suite = FIXTURES / "bmpsuite" / "html"
    Image.open(suite / "rgb24.jpg").save(suite / "rgb24-jpeg.png", optimize=True)


if __name__ == "__main__":
    main()
