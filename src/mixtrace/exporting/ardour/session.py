"""The session file of Ardour 7: tracks, buses, master, the audio that tracks play and where.

Written as Ardour 7.3 writes it. What is left out has Ardour's defaults.
"""

from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from mixtrace.exporting.ardour.xml import Ids, audio_time

__all__ = ["Session"]

_VERSION = "7002"
_OPTIONS = {
    "native-file-data-format": "FormatFloat",
    "native-file-header-format": "WAVE",
    "use-region-fades": "0",
    "use-transport-fades": "0",
    "session-monitoring": "",
}
"""Without the first of them Ardour refuses the session; fades would soften the first samples."""


class Session:
    """A session file as it grows.

    Attributes:
        ids: numbers of its parts.
        routes: where tracks and buses go.
    """

    def __init__(self, name: str, sample_rate_hz: int, length_samples: int) -> None:
        """Begin a session of a length.

        Args:
            name: of the session's file.
            sample_rate_hz: rate of all its audio.
            length_samples: where its end is marked, which is what an export writes.
        """
        self.ids = Ids()
        self._rate, self._length, self._name = sample_rate_hz, length_samples, name
        facts = {"version": _VERSION, "name": name, "sample-rate": str(sample_rate_hz)}
        self.root = Element("Session", facts)
        config = SubElement(self.root, "Config")
        for option, value in _OPTIONS.items():
            SubElement(config, "Option", {"name": option, "value": value})
        self._sources = SubElement(self.root, "Sources")
        self._regions = SubElement(self.root, "Regions")
        self._mark_ends()
        self.routes = SubElement(self.root, "Routes")
        self._playlists = SubElement(self.root, "Playlists")
        for name in ("UnusedPlaylists", "RouteGroups"):
            SubElement(self.root, name)
        self._tell_tempo()

    def add_playlist(self, name: str, file: str, track_id: str) -> str:
        """Have a track play a file of two channels from the session's start to its end.

        Args:
            name: the track's.
            file: the file's name in the folder of the session's audio.
            track_id: the track's number.

        Returns:
            The playlist's number.
        """
        sources = [self._add_source(file, channel) for channel in (0, 1)]
        playlist = self.ids.new()
        facts = {"id": playlist, "name": name, "type": "audio", "orig-track-id": track_id}
        facts |= {"shared-with-ids": "", "frozen": "0", "combine-ops": "0"}
        made = SubElement(self._playlists, "Playlist", facts)
        self._add_region(made, name, sources)
        self._add_region(self._regions, name, sources, whole=True)
        return playlist

    def write(self, path: Path) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.
        """
        self.root.set("id-counter", self.ids.new())
        indent(self.root)
        ElementTree(self.root).write(path, "UTF-8", xml_declaration=True)

    def _add_source(self, file: str, channel: int) -> str:
        number = self.ids.new()
        facts = {"name": file, "type": "audio", "flags": "", "id": number}
        facts |= {"natural-position": "a0", "origin": file, "channel": str(channel), "gain": "1"}
        SubElement(self._sources, "Source", facts)
        return number

    def _add_region(
        self, parent: Element, name: str, sources: list[str], *, whole: bool = False
    ) -> None:
        length = f"{audio_time(self._length, self._rate)}@a0"
        facts = {"name": name, "id": self.ids.new(), "type": "audio", "whole-file": str(int(whole))}
        facts |= {"muted": "0", "opaque": "1", "locked": "0", "automatic": "0", "import": "0"}
        facts |= {"external": "1", "sync-marked": "0", "hidden": "0", "stretch": "1", "shift": "1"}
        facts |= {"start": "a0", "length": length, "sync-position": "a0", "ancestral-start": "a0"}
        facts |= {"ancestral-length": "a0@a0", "first-edit": "nothing", "layering-index": "0"}
        facts |= {"envelope-active": "0", "default-fade-in": "0", "default-fade-out": "0"}
        facts |= {"fade-in-active": "0", "fade-out-active": "0", "scale-amplitude": "1"}
        facts["channels"] = str(len(sources))
        for number, source in enumerate(sources):
            facts |= {f"source-{number}": source, f"master-source-{number}": source}
        SubElement(parent, "Region", facts)

    def _mark_ends(self) -> None:
        locations = SubElement(self.root, "Locations")
        facts = {"id": self.ids.new(), "name": "session", "start": "a0"}
        facts |= {"end": audio_time(self._length, self._rate), "flags": "IsSessionRange"}
        SubElement(locations, "Location", facts)

    def _tell_tempo(self) -> None:
        """A tempo is needed for the grid alone; none was read from the song."""
        tempo_map = SubElement(self.root, "TempoMap", {"superclocks-per-second": "282240000"})
        at_start = {"sclock": "0", "quarters": "0:0", "bbt": "1|1|0"}
        tempo = {"npm": "120", "enpm": "120", "note-type": "4", "type": "Constant", "active": "1"}
        tempo |= {"locked-to-meter": "0", "continuing": "0", **at_start, "omega": "0"}
        SubElement(SubElement(tempo_map, "Tempos"), "Tempo", tempo)
        meter = {"note-value": "4", "divisions-per-bar": "4", **at_start}
        SubElement(SubElement(tempo_map, "Meters"), "Meter", meter)
