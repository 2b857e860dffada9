"""Images of Pillow, as PNG, or as TIFF if PNG cannot store them."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...core.errors import unsupported
from .predictions import same
from .table import Loading, built_in, fitting

PNG, TIFF = "image.png", "image.tiff"
MODES = {
    **dict.fromkeys(("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), PNG),
    **dict.fromkeys(("CMYK", "F", "I", "LAB"), TIFF),
}


@built_in("PIL.Image.Image", "PIL")
class Image:
    """The pixels of an image, its palette, its EXIF data and its color profile."""

    def save(self, value: Any, folder: Path) -> None:
        if getattr(value, "n_frames", 1) > 1:
            hint = "Save its file, Path(…), or a list of arrays."
            raise unsupported(value, "it has several frames", hint)
        file = MODES.get(value.mode)
        if file is None:
            hint = 'Convert it: image.convert("RGBA").'
            raise unsupported(value, f"PNG and TIFF cannot store the mode {value.mode}", hint)
        options: dict[str, Any] = {"icc_profile": value.info.get("icc_profile")}
        if file == PNG:
            options["exif"] = value.getexif().tobytes()  # a load of a TIFF would turn it by these
        elif value.mode != "F":
            options["compression"] = "tiff_lzw"
        value.save(folder / file, **options)

    def load(self, loading: Loading) -> Any:
        from PIL import Image

        path = loading.folder / PNG
        try:
            path = path if path.exists() else loading.file(TIFF)
            with Image.open(path, formats=("PNG", "TIFF")) as image:  # others start programs
                return fitting(loading, image.copy())
        except (SyntaxError, OSError) as error:
            raise ValueError(error) from error

    def difference(self, value: Any, loading: Loading) -> str:
        again = facts_of(self.load(loading))
        odd = (name for name, each in facts_of(value).items() if not same(each, again[name]))
        return next((f"its {name} would differ after a load" for name in odd), "")


def facts_of(image: Any) -> dict[str, Any]:
    return {
        "mode": image.mode,
        "size": image.size,
        "palette": image.convert("RGB").tobytes() if image.mode == "P" else None,
        "transparency": image.info.get("transparency"),
        "color profile": image.info.get("icc_profile"),
        "EXIF data": {tag: each for tag, each in image.getexif().items() if tag not in STRUCTURE},
        "content": image.tobytes(),
    }


STRUCTURE = {*range(254, 274), *range(277, 298), 317, *range(320, 326), 338, 339, 700, 34675}
"""Tags of TIFF that describe how the pixels are stored, or have other places in PNG."""
