"""PNG files with few colours."""

import io

from PIL import Image

# A picture of a figure or of a page is smaller so, and looks the same.
N_COLORS = 256


def reduce_colors(png: bytes) -> bytes:
    """Returns a picture with at most `N_COLORS` colours, and so fewer bytes.

    Args:
        png: A PNG file.
    """
    image = Image.open(io.BytesIO(png)).convert("RGB")
    file = io.BytesIO()
    image.quantize(N_COLORS, method=Image.Quantize.MEDIANCUT).save(file, "PNG", optimize=True)
    return file.getvalue()
