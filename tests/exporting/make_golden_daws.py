"""Writes the golden files anew: `python tests/exporting/make_golden_daws.py`."""

import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from planted import HOSTILE, song

from mixtrace.exporting import target
from mixtrace.store import mixtrace_version

GOLDEN = Path(__file__).parent / "golden" / "daws"


def texts() -> dict[str, str]:
    """Return what each golden file has to hold, by its name."""
    found = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "reaper"
        folder.mkdir()
        target("reaper").write(song(HOSTILE), folder, lambda *step: None)
        (project,) = folder.glob("*.rpp")
        found["hostile.rpp"] = project.read_text("utf-8")
        for path in (folder / "Effects").rglob("*.jsfx"):
            if path.stem in ("compressor keyed", "saturation"):
                found[path.name] = path.read_text("utf-8")
        folder = Path(place) / "dawproject"
        folder.mkdir()
        target("dawproject").write(song(HOSTILE), folder, lambda *step: None)
        (archive,) = folder.iterdir()
        with ZipFile(archive) as files:
            for name in ("project.xml", "metadata.xml"):
                found[name] = (
                    files.read(name)
                    .decode()
                    .replace(f'version="{mixtrace_version()}"', 'version="VERSION"')
                )
    return found


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (GOLDEN / name).write_text(text, "utf-8", newline="\n")
