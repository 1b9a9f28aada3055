"""The 'Mixing Secrets' library as S. Lee et al. prepared it: tracks, groups, a mix beside them.

Layout: `<Artist_Title>/{<Artist_Title>_Full/NN_Name.wav, mix.wav, correspondence.yaml,
alignment.pickle}`. `correspondence.yaml` lists the files of each group, and those that it does not
list are not in the mix; `alignment.pickle` says how much later the mix starts than the sum of the
tracks. The reader of sessions measures that itself, up to 300 s either way, so the figure is told
and not used: of the 504 that were published, 502 lie within that.

Source: code/data/mixing_secrets of github.com/sh-lee97/grafx-prune, its metadata, its loader and
the songs that its configuration skips.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from mixtrace.datasets.base import Dataset, SongFacts
from mixtrace.datasets.files import file_inside, folders_in, missing_among
from mixtrace.datasets.identities import identities
from mixtrace.datasets.pickled_numbers import read_numbers
from mixtrace.errors import SessionError
from mixtrace.names import plain_name
from mixtrace.session import Song, TrackSource
from mixtrace.session.opening import is_song_file
from mixtrace.session.place import FARTHEST_S
from mixtrace.session.plain_yaml import read_plain_yaml

__all__ = ["MixingSecrets"]

_GROUPS = "correspondence.yaml"
_OFFSETS = "alignment.pickle"
_MIX = "mix.wav"
_ROUGH_MIX = "rough_mix.wav"
_TRACKS = "_Full"

_INSTRUMENTS = {
    name: instrument
    for instrument, names in {
        "acoustic guitar": "AG AcGtr AcousticGtr",
        "backing vocals": "BV BackingVox",
        "bass": "BA Bass",
        "drums": "DR Drum Drums",
        "electric guitar": "EG ElecGtr",
        "electric piano": "EP ElecPiano",
        "guitar": "GTR Gtr Guitar",
        "lead vocals": "LV LeadVox",
        "piano": "PN Piano",
        "sound effects": "SFX",
        "strings": "STR String Strings",
        "synthesizer": "SYN Synth",
        "vocals": "VOX Vocals Vox",
    }.items()
    for name in names.split()
}
"""What the names of groups stand for, as the files in them are called; others say it themselves."""

_LEFT_OUT = frozenset(
    "AlbertKader_Ubiquitous AmyHelmAndTheHandsomeStrangers_RescueMe Avalon_AllIKnow "
    "BigHeadToddAndTheMonsters_HeyDelilah BolzAndKnecht_Summertime BronzeRadioReturn_MisterMister "
    "ColebrookRoad_BrightAngel DavidTyo_LongWayHome EJRios_Echo EveningDarling_PassengerSide "
    "Fergessen_NosPalpitants FriendzWorldMusic_Triba-Bao-Kuku Fruition_SantaFe "
    "Hazael_ResistenciaParaUnNuevoComenzar HowToKillAConversation_Showmonster "
    "IkebeShakedown_TheLastStand IlmariKontia_Funkkihillo JeffHirata_Sunshine JohnAArdelli_Asiza "
    "Kangoro_Rockshow KungFu_JoyRide McLovins_BuildinItUp MikaelaDavis_HomeInTheCountry "
    "PurpleHatMob_AccessDenied Ripe_4OutOf10 Skelpolu_HumanMistakes SpeakSoftly_BrokenMan "
    "SunshineGarciaBand_ForIAmTheMoon TheTimezone_GOTGF Trafficker_MyFatherNeverLovedMe "
    "UncleDad_WhoIAm WesleyMorgan_FleshAndBone".split()
)
_WITHOUT_GROUPS = frozenset(
    "AllHandsLost_Ambitions Galias_Horizon UTGandhi_Arto WessMeetsWest_64Bristol".split()
)
"""Songs whose published list of groups is empty."""

_LEFT_OUT_NOTE = (
    "S. Lee et al. left this song out of their corpus of mixing graphs; they do not say why."
)


class MixingSecrets(Dataset):
    """Songs of the 'Mixing Secrets' library with groups and mixes."""

    name = "mixing-secrets"
    title = "Mixing Secrets"
    licence = "educational use only; see the page of each song"
    citation = (
        "M. Senior, \"The 'Mixing Secrets' Free Multitrack Download Library\"; S. Lee et al., "
        '"Searching for Music Mixing Graphs: A Pruning Approach", DAFx 2024'
    )
    url = "https://www.cambridge-mt.com/ms/mtk/"

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Return whether all folders look like its songs, and one at least has groups."""
        folders = folders_in(folder)
        return any(is_song_file(path / _GROUPS) for path in folders) and all(
            is_song_file(path / _GROUPS) or (path / f"{path.name}{_TRACKS}").is_dir()
            for path in folders
        )

    def ids(self) -> Sequence[str]:
        """Return the names of the songs' folders."""
        return tuple(self._paths)

    def song(self, identity: str) -> Song:
        """Return the tracks that the set has in groups, and the mix."""
        folder = self._paths[identity]
        groups, inside = _groups(folder), _tracks_folder(folder)
        files = {
            file_inside(inside, name, folder / _GROUPS): plain_name(group) or "other"
            for group, names in groups.items()
            for name in names
        }
        missing = missing_among((folder / _MIX, *files), folder)
        if missing:
            raise SessionError(missing)
        tracks = tuple(TrackSource(_name(path), path, group) for path, group in files.items())
        return Song(identity, folder / _MIX, tracks, (f"Mixing Secrets song: groups of {_GROUPS}",))

    def facts(self, identity: str) -> SongFacts:
        """Return artist and title by the folder's name, instruments by the groups, and notes."""
        folder = self._paths[identity]
        artist, _, title = identity.partition("_")
        instruments = {
            _name(Path(name)): _INSTRUMENTS.get(group, plain_name(group))
            for group, names in _groups(folder).items()
            for name in names
        }
        notes = [_LEFT_OUT_NOTE] if identity in _LEFT_OUT else []
        try:
            notes += _offset_notes(folder)
        except SessionError:
            notes.append(f"What {_OFFSETS} says of its tracks cannot be read.")
        return SongFacts(artist, title, "", "", instruments, tuple(notes))

    def oddities(self, identity: str) -> Iterator[str]:
        """Yield what is wrong with the offset, which nobody depends on."""
        folder = self._paths[identity]
        try:
            _offset_notes(folder)
        except SessionError as error:
            yield str(error)
        if not is_song_file(folder / _OFFSETS):
            yield (
                f"Expected {_OFFSETS} in {folder}; not there. The song can be read without it: "
                "where its tracks lie is measured."
            )

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return identities(self.folder, folders_in(self.folder), lambda path: path.name)


def _groups(folder: Path) -> dict[str, list[str]]:
    """Return the names of the files of each group.

    Raises:
        SessionError: no file of groups, or none of this layout.
    """
    path = folder / _GROUPS
    try:
        groups = read_plain_yaml(path, "the groups of a song of Mixing Secrets")
    except SessionError as error:
        if folder.name not in _WITHOUT_GROUPS:
            raise
        raise SessionError(
            f"Expected files by group in {path}; S. Lee et al. found none of this song. Write "
            "them there, or leave the song out."
        ) from error
    named = [n for names in groups.values() for n in (names if isinstance(names, list) else [None])]
    if not named or not all(isinstance(name, str) for name in named):
        raise SessionError(
            f"Expected lists of files by group in {path}; got something else. "
            "Download the song's groups anew."
        )
    return groups


def _tracks_folder(folder: Path) -> Path:
    """Return the folder of a song's tracks: `<Song>_Full`, or the only one there is."""
    named = folder / f"{folder.name}{_TRACKS}"
    folders = folders_in(folder)
    return folders[0] if not named.is_dir() and len(folders) == 1 else named


def _name(path: Path) -> str:
    return plain_name(path.stem) or "track"


def _offset_notes(folder: Path) -> list[str]:
    """Return a sentence on where the tracks lie in their mix, none where the set does not say.

    Raises:
        SessionError: the file of offsets cannot be read.
    """
    path = folder / _OFFSETS
    if not is_song_file(path):
        return []
    numbers = read_numbers(path)
    if _MIX not in numbers or _ROUGH_MIX not in numbers:
        raise SessionError(
            f"Expected the numbers {_MIX!r} and {_ROUGH_MIX!r} in {path}; at least one is not "
            "there. Download the file anew."
        )
    earlier_s = numbers[_MIX] - numbers[_ROUGH_MIX]
    side = "earlier" if earlier_s >= 0.0 else "later"
    told = f"S. Lee et al. move its tracks {abs(earlier_s):.3f} s {side} to lie as in the mix"
    far = abs(earlier_s) > FARTHEST_S
    return [f"{told}, farther than mixtrace looks ({FARTHEST_S:.0f} s)." if far else f"{told}."]
