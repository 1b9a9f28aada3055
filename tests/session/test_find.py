"""Songs found on disk: the three layouts, what is assumed, and every way they can be wrong."""

import os
from pathlib import Path

import pytest

from mixtrace.errors import SessionError
from mixtrace.session import Song, TrackSource, find_song


def touch(folder: Path, *names: str) -> Path:
    """Create empty files: finding a song reads none of the audio."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(song: Song) -> list[str]:
    return [track.name for track in song.tracks]


def test_tracks_folder_with_a_mix_beside_it(tmp_path: Path):
    touch(tmp_path, "tracks/10_Vox.wav", "tracks/2_Kick.WAV", "mix.flac", "cover.jpg", ".hidden")
    touch(tmp_path, "tracks/readme.txt")
    song = find_song(tmp_path)
    assert song.name == tmp_path.name
    assert song.mix_path == tmp_path / "mix.flac"
    assert names(song) == ["2_Kick", "10_Vox"]  # numbers in their natural order
    assert [track.group for track in song.tracks] == ["drums", "vocals"]
    assert "took mix.flac for the mix" in song.notes
    assert "groups from file names" in song.notes
    assert "ignored cover.jpg and readme.txt" in song.notes


def test_beside_a_tracks_folder_a_lone_file_is_the_mix(tmp_path: Path):
    song = find_song(touch(tmp_path, "tracks/kick.wav", "Final Version.mp3"))
    assert song.mix_path.name == "Final Version.mp3"
    assert "took Final Version.mp3 for the mix" in song.notes


@pytest.mark.parametrize("mix", ["mix.wav", "MIX.wav", "My Song_mix.aiff", "song-Mix.mp3"])
def test_loose_files_with_a_named_mix(tmp_path: Path, mix: str):
    song = find_song(touch(tmp_path, mix, "kick.wav", "remixer.ogg"))
    assert song.mix_path.name == mix
    assert names(song) == ["kick", "remixer"]


def test_a_file_called_master_is_the_mix_where_none_is_called_mix(tmp_path: Path):
    touch(tmp_path, "Song_mastered.wav", "kick.wav")
    assert find_song(tmp_path).mix_path.name == "Song_mastered.wav"
    touch(tmp_path, "mix.wav")
    song = find_song(tmp_path)
    assert song.mix_path.name == "mix.wav"
    assert names(song) == ["kick"]
    assert "ignored Song_mastered.wav" in song.notes  # a second mix is not taken for a track


def test_a_chosen_mix_is_used_and_is_not_a_track(tmp_path: Path):
    touch(tmp_path, "a.wav", "b.wav", "c.wav")
    for mix in ("b.wav", tmp_path / "b.wav"):
        song = find_song(tmp_path, mix=mix)
        assert song.mix_path.name == "b.wav"
        assert names(song) == ["a", "c"]
        assert not any("ignored" in note for note in song.notes)


def test_the_manifest_names_everything(tmp_path: Path):
    touch(tmp_path, "audio/k.wav", "audio/vox.wav", "out.wav", "mix.wav")
    (tmp_path / "session.toml").write_text(
        'name = "Song"\nmix = "out.wav"\n'
        '[[tracks]]\npath = "audio/k.wav"\nname = "kick in"\ngroup = "rhythm"\n'
        '[[tracks]]\npath = "audio/vox.wav"\n'
    )
    song = find_song(tmp_path)
    assert song == find_song(tmp_path / "session.toml")
    assert (song.name, song.mix_path) == ("Song", tmp_path / "out.wav")
    assert song.tracks == (
        TrackSource("kick in", tmp_path / "audio/k.wav", "rhythm"),
        TrackSource("vox", tmp_path / "audio/vox.wav", "vocals"),
    )
    assert "groups from file names for 1 of 2 tracks" in song.notes
    assert find_song(tmp_path, mix="mix.wav").mix_path == tmp_path / "mix.wav"


def test_the_manifest_of_the_documentation_is_valid(tmp_path: Path):
    page = Path(__file__).resolve().parents[2] / "docs" / "sessions.md"
    example = page.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    touch(tmp_path, "mixes/final.flac", "audio/01_Kick.wav", "audio/11_LeadVox1.wav")
    (tmp_path / "session.toml").write_text(example)
    song = find_song(tmp_path)
    assert [(t.name, t.group) for t in song.tracks] == [
        ("kick", "drums"),
        ("11_LeadVox1", "vocals"),
    ]


TRACK = '[[tracks]]\npath = "a.wav"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mix = ", "in TOML"),
        ('mix = "mix.wav"\n', "1 to 150 tracks"),
        (TRACK, "'mix'"),
        (f'mix = "gone.wav"\n{TRACK}', "'gone.wav'"),
        (f"mix = 3\n{TRACK}", "'mix'"),
        (f'mix = "mix.wav"\nbpm = 90\n{TRACK}', "got 'bpm'"),
        (f'mix = "mix.wav"\n{TRACK}gain = 2\n', "got 'gain'"),
        (f'mix = "mix.wav"\n{TRACK}name = "a/b"\n', "without slashes"),
        (f'mix = "mix.wav"\n{TRACK}name = "a\\\\b"\n', "backslashes"),
        (f'mix = "mix.wav"\n{TRACK}name = "a\\\\b"\n', "Call that track 'a-b'"),
        (f'mix = "mix.wav"\n{TRACK}name = "a\\nb"\n', "of one line"),
        (f'mix = "mix.wav"\n{TRACK}name = "a\nb"\n', "a text is one line"),
        (f'mix = "mix.wav"\n{TRACK}group = ""\n', "'group'"),
        ('mix = "mix.wav"\ntracks = ["a.wav"]\n', "[[tracks]]"),
        (f'mix = "mix.wav"\n{TRACK}{TRACK}', "both 'a'"),
        (f'mix = "../song_b/mix.wav"\n{TRACK}', "outside"),
        (f'mix = "/etc/hostname"\n{TRACK}', "outside"),
        (f'mix = "link.wav"\n{TRACK}', "outside"),
        ('mix = "mix.wav"\n[[tracks]]\npath = "sub/../../song_b/mix.wav"\n', "outside"),
        ('mix = "mix.wav"\n[[tracks]]\npath = "a\\u0000.wav"\n', "'path'"),
    ],
)
def test_a_bad_manifest_is_refused_in_one_sentence(tmp_path: Path, text: str, message: str):
    touch(tmp_path, "song_b/mix.wav")
    song = touch(tmp_path / "song", "mix.wav", "a.wav", "sub/c.wav")
    (song / "link.wav").symlink_to(tmp_path / "song_b/mix.wav")
    (song / "session.toml").write_text(text)
    with pytest.raises(SessionError, match=r"\A[^\n]*\Z") as raised:
        find_song(song)
    assert message in str(raised.value)


def test_a_manifest_that_is_no_text_is_refused(tmp_path: Path):
    (tmp_path / "session.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SessionError, match="TOML"):
        find_song(tmp_path)


METADATA = """
has_bleed: 'yes'
mix_filename: Artist_Song_MIX.wav
raw_dir: Artist_Song_RAW
stems:
  S02: {instrument: male singer, raw: {R01: {filename: v.wav, instrument: male singer}}}
  S01:
    instrument: [drum set, fx/processed sound]
    raw:
      R02: {filename: snare.wav, instrument: snare drum}
      R01: {filename: kick.wav, instrument: kick drum}
"""


def medleydb(folder: Path, metadata: str) -> Path:
    touch(
        folder, "Artist_Song_MIX.wav", *(f"Artist_Song_RAW/{n}.wav" for n in ("v", "kick", "snare"))
    )
    (folder / "Artist_Song_METADATA.yaml").write_text(metadata)
    return folder


def test_a_medleydb_song_is_grouped_by_stem(tmp_path: Path):
    song = find_song(medleydb(tmp_path, METADATA))
    assert song.name == "Artist_Song"
    assert song.mix_path == tmp_path / "Artist_Song_MIX.wav"
    assert [(t.name, t.group, t.path.name) for t in song.tracks] == [
        ("S01 R01 kick drum", "S01 drum set + fx-processed sound", "kick.wav"),
        ("S01 R02 snare drum", "S01 drum set + fx-processed sound", "snare.wav"),
        ("S02 R01 male singer", "S02 male singer", "v.wav"),
    ]
    assert any("bleed" in note for note in song.notes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("v.wav", "gone.wav", "gone.wav"),
        ("v.wav", "../../v.wav", "plain file name"),
        ("Artist_Song_RAW", "/tmp", "plain file name"),
        ("stems:", "stem:", "'stems'"),
        ("mix_filename", "mix", "'mix_filename'"),
        (METADATA, "[1, 2", "no YAML"),
        (METADATA, "[1, 2]", "no table"),
        (METADATA, "x: !!python/object/apply:os.getcwd []", "no YAML"),
        (METADATA, "[" * 500, "no YAML"),
    ],
)
def test_bad_metadata_is_refused(tmp_path: Path, old: str, new: str, message: str):
    with pytest.raises(SessionError, match=r"\A[^\n]*\Z") as raised:
        find_song(medleydb(tmp_path, METADATA.replace(old, new)))
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "there is none"),
        (["kick.wav", "snare.wav"], "Put it there, or choose it with --mix"),
        (["mix.wav"], "1 to 150 tracks"),
        (["mix.wav", "mix.flac", "kick.wav"], "mix.flac and mix.wav could all be it"),
        (["mix.wav", "Kick.wav", "kick.flac"], "Kick.wav and kick.flac are both"),
        (["mix.wav", *(f"t{k}.wav" for k in range(151))], "has 151"),
    ],
)
def test_a_folder_that_is_no_song_is_refused(tmp_path: Path, files: list[str], message: str):
    with pytest.raises(SessionError, match=r"\A[^\n]*\Z") as raised:
        find_song(touch(tmp_path, *files))
    assert message in str(raised.value)


def test_150_tracks_are_not_too_many(tmp_path: Path):
    song = find_song(touch(tmp_path, "mix.wav", *(f"t{k}.wav" for k in range(150))))
    assert names(song)[:3] == ["t0", "t1", "t2"]
    assert len(song.tracks) == 150


def test_paths_that_lead_nowhere_are_refused(tmp_path: Path):
    touch(tmp_path, "song/mix.wav", "song/a.wav", "a.mid")
    with pytest.raises(SessionError, match="nothing at"):
        find_song(tmp_path / "gone")
    with pytest.raises(SessionError, match="another kind"):
        find_song(tmp_path / "a.mid")
    with pytest.raises(SessionError, match="no such file"):
        find_song(tmp_path / "song", mix="other.wav")


@pytest.mark.parametrize("name", ["", "a\x1b[2J", "a\u202eb", "a\u00a0b"])
def test_names_that_cannot_be_shown_are_refused_before_anything_is_searched(name: str):
    track = TrackSource("kick", Path("kick.wav"), "drums")
    with pytest.raises(SessionError, match="printable names"):
        Song(name, Path("mix.wav"), (track,))
    with pytest.raises(SessionError, match="printable names"):
        Song("song", Path("mix.wav"), (TrackSource("kick", Path("kick.wav"), name),))


def test_broken_and_circular_links_are_passed_over(tmp_path: Path):
    touch(tmp_path, "mix.wav", "a.wav")
    os.symlink(tmp_path / "gone.wav", tmp_path / "b.wav")
    os.symlink(tmp_path / "c.wav", tmp_path / "c.wav")
    song = find_song(tmp_path)
    assert names(song) == ["a"]
    assert "ignored b.wav and c.wav" in song.notes
