"""Small trees in exactly the layouts of the data sets, a few songs each."""

import json
import pickle
import uuid
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import soundfile
import yaml

RATE_HZ = 8_000
FRAMES = 6_000

MEDLEY_SONGS = ("MusicDelta_Country2", "Own_Bleeding")
MOISES_SONGS = tuple(str(uuid.uuid5(uuid.NAMESPACE_URL, name)) for name in ("one", "two"))


def write_audio(path: Path, channels: int = 1, frames: int = FRAMES) -> Path:
    """Write noise of its own for every path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(f"{path.parent.name}/{path.name}".encode()))
    audio = 0.1 * rng.standard_normal((frames, channels))
    soundfile.write(path, audio, RATE_HZ, subtype="PCM_16")
    return path


def medleydb(folder: Path) -> None:
    """Write two songs in `Audio/`: one with errata, one with bleed and a list of instruments."""
    for song, bleed in zip(MEDLEY_SONGS, ("no", "yes"), strict=True):
        home = folder / "Audio" / song
        stems = {}
        for stem, instruments in (("S01", ("kick drum", "snare drum")), ("S02", ("male singer",))):
            raws = {}
            for number, instrument in enumerate(instruments, 1):
                file = f"{song}_RAW_{stem[1:]}_{number:02d}.wav"
                write_audio(home / f"{song}_RAW" / file)
                raws[f"R{number:02d}"] = {"filename": file, "instrument": instrument}
            stem_file = f"{song}_STEM_{stem[1:]}.wav"
            write_audio(home / f"{song}_STEMS" / stem_file, 2)
            name = "drum set" if stem == "S01" else "male singer"
            stems[stem] = {"component": "", "filename": stem_file, "instrument": name, "raw": raws}
        write_audio(home / f"{song}_MIX.wav", 2)
        metadata = {
            "artist": "Music Delta",
            "title": song.partition("_")[2],
            "genre": "Rock",
            "has_bleed": bleed,
            "mix_filename": f"{song}_MIX.wav",
            "raw_dir": f"{song}_RAW",
            "stem_dir": f"{song}_STEMS",
            "stems": stems,
        }
        (home / f"{song}_METADATA.yaml").write_text(yaml.safe_dump(metadata))
    (folder / "Annotations").mkdir()


def offsets(mix_s: object, rough_s: object = np.float64(0.0)) -> bytes:
    """Return a pickle as those that were published: nested, with scalars of numpy."""
    found = {"offset_samples": [np.int64(933), np.int64(-4)], "locality_samples": [None, None]}
    match = {"match_time": 9.05, "match_info": {"rough_mix.wav": found}}
    table = {
        "mix.wav": mix_s,
        "rough_mix.wav": rough_s,
        "fine_match_info": {"mix.wav": match},
        "rankings": {"match_info": {"mix.wav": {"rough_mix.wav": 7}}},
        "names_and_paths": {"mix.wav": "44k/Band_Song/mix.wav"},
    }
    return pickle.dumps(table, 4)


def mixing_secrets(folder: Path) -> None:
    """Write a song with an offset, and one whose tracks the set's authors left out."""
    for song, late_s in (("Band_Song", 0.25), ("JohnAArdelli_Asiza", 744.0)):
        home = folder / song
        for name in ("01_Kick", "02_ElecGtr", "03_Unused"):
            write_audio(home / f"{song}_Full" / f"{name}.wav")
        write_audio(home / "mix.wav", 2)
        groups = {"DR": ["01_Kick.wav"], "EG": ["02_ElecGtr.wav"]}
        (home / "correspondence.yaml").write_text(yaml.safe_dump(groups))
        (home / "alignment.pickle").write_bytes(offsets(np.float64(late_s)))


def enst_drums(folder: Path) -> None:
    """Write one take of each of two drummers; the second has three toms and an accompaniment."""
    for drummer, toms in (("drummer_1", 2), ("drummer_2", 3)):
        audio = folder / drummer / "audio"
        close = ("kick", "snare", "hi-hat", "overhead_L", "overhead_R")
        for room in (*close, *(f"tom_{number}" for number in range(1, toms + 1))):
            write_audio(audio / room / "045_phrase_rock_simple.wav")
        for mix in ("dry_mix", "wet_mix"):
            write_audio(audio / mix / "045_phrase_rock_simple.wav", 2)
        (folder / drummer / "annotation").mkdir()
    write_audio(folder / "drummer_2" / "audio" / "accompaniment" / "045_phrase_rock_simple.wav", 2)


def musdb18_hq(folder: Path) -> None:
    """Write a song to train with, known for an error, and one to test with."""
    for song in ("train/Leaf - Wicked", "test/Zeno - Signs"):
        for stem in ("mixture", "drums", "bass", "other", "vocals"):
            write_audio(folder / song / f"{stem}.wav", 2)


def moisesdb(folder: Path) -> None:
    """Write two songs whose tracks differ in length and channels, one of them with bleed."""
    for song, title in zip(MOISES_SONGS, ("One", "Two"), strict=True):
        home = folder / "moisesdb_v0.1" / song
        stems = []
        tracks = (
            ("drums", "kick drum", 1, FRAMES, False),
            ("drums", "kick drum", 2, FRAMES + 900, None),
            ("other", "fx/processed sound, scratches", 2, FRAMES - 100, True),
        )
        for stem, kind, channels, frames, bleed in tracks:
            track = str(uuid.uuid5(uuid.UUID(song), f"{kind} {channels}"))
            write_audio(home / stem / f"{track}.wav", channels, frames)
            entry = {"id": track, "trackType": kind, "extension": "wav", "has_bleed": bleed}
            stems.append({"id": track, "stemName": stem, "tracks": [entry]})
        data = {"song": title, "artist": "Nobody", "genre": "pop", "stems": stems}
        (home / "data.json").write_text(json.dumps(data))


def slakh2100(folder: Path) -> None:
    """Write a song, one without its S00, and one that redux leaves out."""
    for place, absent in (
        ("train/Track00001", ()),
        ("train/Track00446", ("S00",)),
        ("omitted/Track00002", ()),
    ):
        home = folder / place
        stems = {
            "S00": ("Guitar", "Distortion Guitar", False, True),
            "S01": ("Drums", "Acoustic Grand Piano", True, True),
            "S02": ("Piano", "Electric Piano 1", False, False),
            "S03": ("Bass", "Fretless Bass", False, True),
        }
        for number, (_, _, _, rendered) in stems.items():
            if rendered and number not in absent:
                write_audio(home / "stems" / f"{number}.flac")
        write_audio(home / "mix.flac")
        told = {
            number: {
                "audio_rendered": rendered,
                "inst_class": inst_class,
                "is_drum": drum,
                "midi_program_name": program,
                "plugin_name": "elektrik_guitar.nkm",
                "program_num": 30,
            }
            for number, (inst_class, program, drum, rendered) in stems.items()
        }
        metadata = {"UUID": "1a81", "audio_dir": "stems", "overall_gain": 0.18, "stems": told}
        (home / "metadata.yaml").write_text(yaml.safe_dump(metadata))


def tree(folder: Path) -> None:
    """Write songs as people keep them."""
    for name in ("kick", "voice", "mix"):
        write_audio(folder / "rock" / "song" / f"{name}.wav")
        write_audio(folder / "other song" / f"{name}.wav")


MAKERS: Mapping[str, Callable[[Path], None]] = {
    "medleydb": medleydb,
    "mixing-secrets": mixing_secrets,
    "enst-drums": enst_drums,
    "musdb18-hq": musdb18_hq,
    "moisesdb": moisesdb,
    "slakh2100": slakh2100,
    "tree": tree,
}
"""What writes each data set, by its name."""
