"""A PDF page drawn as grey pixels, within a time and a size. Called with pdfium's lock held."""

import ctypes
import time
from typing import Any

import numpy as np

Grey = np.ndarray[Any, np.dtype[np.uint8]]

MOST_PIXELS = 12_000_000  # of a drawing: a sheet of A4 at 300 dpi has 8.7 million
_MOST_PICTURE_PIXELS = 60_000_000  # of the pictures on it: these are decoded whole, and in one go


def draw(page: Any, dots_per_inch: float, seconds: float) -> Grey | None:
    """The page as rows of grey pixels (0 black, 255 white), or None where that would take longer.

    A sheet too large for the resolution is drawn coarser. Pictures are not decoded piece by piece,
    so a page whose pictures are huge is not drawn at all.
    """
    from pypdfium2 import raw  # type: ignore[import-untyped]

    if _picture_pixels(page) > _MOST_PICTURE_PIXELS:
        return None
    width, height = page.get_size()
    scale = min(dots_per_inch / 72, (MOST_PIXELS / max(width * height, 1)) ** 0.5)
    across, down = max(1, int(width * scale)), max(1, int(height * scale))
    if across * down > 2 * MOST_PIXELS:
        return None  # a strip thinner than a pixel
    pixels = np.full((down, across), 255, np.uint8)
    place = pixels.ctypes.data_as(ctypes.c_void_p)
    bitmap = raw.FPDFBitmap_CreateEx(across, down, raw.FPDFBitmap_Gray, place, across)
    if not bitmap:
        return None
    deadline = time.monotonic() + seconds
    pause = raw.IFSDK_PAUSE(version=1)
    # Asked between objects; the name keeps the function alive while pdfium may call it.
    late = type(pause.NeedToPauseNow)(lambda _: int(time.monotonic() > deadline))
    pause.NeedToPauseNow = late
    try:
        state = raw.FPDF_RenderPageBitmap_Start(
            bitmap, page, 0, 0, across, down, 0, raw.FPDF_ANNOT, ctypes.byref(pause)
        )
        raw.FPDF_RenderPage_Close(page)
        return pixels if state == raw.FPDF_RENDER_DONE else None
    finally:
        raw.FPDFBitmap_Destroy(bitmap)


def _picture_pixels(page: Any) -> int:
    from pypdfium2 import raw

    width, height, total = ctypes.c_uint(), ctypes.c_uint(), 0
    for thing, kind, _ in things(page):
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            raw.FPDFImageObj_GetImagePixelSize(thing, width, height)
            total += width.value * height.value
    return total


MOST_THINGS = 50_000
_MOST_DEPTH = 8
Matrix = tuple[float, float, float, float, float, float]
AS_IT_IS: Matrix = (1, 0, 0, 1, 0, 0)


def things(page: Any) -> list[tuple[Any, int, Matrix]]:
    """(object, kind, matrix) of all on a page in the order in which it is painted, what is inside forms
    too; the matrix takes an object's coordinates to the page's. At most MOST_THINGS."""
    from pypdfium2 import raw

    found: list[tuple[Any, int, Matrix]] = []
    form, kind_of = raw.FPDF_PAGEOBJ_FORM, raw.FPDFPageObj_GetType

    def gather(count: int, get: Any, holder: Any, matrix: Matrix, depth: int) -> None:
        for i in range(min(count, MOST_THINGS - len(found))):
            thing = get(holder, i)
            kind = kind_of(thing)
            if kind != form:
                found.append((thing, kind, matrix))
            elif depth < _MOST_DEPTH:
                own = raw.FS_MATRIX()
                raw.FPDFPageObj_GetMatrix(thing, own)
                inner = _times((own.a, own.b, own.c, own.d, own.e, own.f), matrix)
                inside = raw.FPDFFormObj_CountObjects(thing)
                gather(inside, raw.FPDFFormObj_GetObject, thing, inner, depth + 1)

    gather(raw.FPDFPage_CountObjects(page), raw.FPDFPage_GetObject, page.raw, AS_IT_IS, 0)
    return found


def _times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)
