"""Folders as people keep them: groups in folders, halves, wrappers, mixes among the tracks."""

import os
from pathlib import Path

import pytest

from mixtrace.errors import SessionError
from mixtrace.session import Song, find_song
from mixtrace.session.halves import join_halves


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def groups(song: Song) -> dict[str, str]:
    return {track.name: track.group for track in song.tracks}


def test_folders_inside_tracks_are_groups_to_any_depth(tmp_path: Path):
    touch(tmp_path, "mix.wav", "tracks/Drums/Close/Kick.wav", "tracks/Drums/Rooms/Amb.wav")
    touch(tmp_path, "tracks/Vocals/BVs/Ooh.wav", "tracks/Vocals/Lead.wav", "tracks/Bass DI.wav")
    touch(tmp_path, "tracks/Tape/x.wav")
    song = find_song(tmp_path)
    assert groups(song) == {
        "Bass DI": "bass",
        "Kick": "Drums",
        "Amb": "Drums",
        "x": "Tape",
        "Ooh": "BVs",
        "Lead": "Vocals",
    }
    assert "groups from folders, those of 1 tracks from file names" in song.notes


def test_a_loose_track_joins_the_folder_it_belongs_to(tmp_path: Path):
    touch(tmp_path, "mix.wav", "tracks/01 DRUMS/x.wav", "tracks/Snare.wav", "tracks/Drum Loop.wav")
    assert set(groups(find_song(tmp_path)).values()) == {"01 DRUMS"}


@pytest.mark.parametrize("wrapper", ["Band/Takes", "Drums", "24bit"])
def test_a_folder_that_holds_everything_is_no_group(tmp_path: Path, wrapper: str):
    touch(tmp_path, "mix.wav", *(f"tracks/{wrapper}/{n}.wav" for n in ("Kick", "Bass", "Vox")))
    song = find_song(tmp_path)
    assert groups(song) == {"Bass": "bass", "Kick": "drums", "Vox": "vocals"}
    assert "groups from file names" in song.notes


def test_folders_called_after_their_format_are_no_groups(tmp_path: Path):
    touch(tmp_path, "mix.wav", "tracks/Mono/Kick.wav", "tracks/Stereo/Piano.wav")
    assert groups(find_song(tmp_path)) == {"Kick": "drums", "Piano": "keys"}


def test_tracks_of_one_name_in_two_folders_are_told_apart(tmp_path: Path):
    touch(tmp_path, "mix.wav", "tracks/Drums/Kick.wav", "tracks/Perc/kick.wav", "tracks/Perc/x.wav")
    touch(tmp_path, "tracks/A/One/t.wav", "tracks/B/One/t.wav")
    found = {t.name: t.path.parent.name for t in find_song(tmp_path).tracks}
    assert found == {
        "A One t": "One",
        "B One t": "One",
        "Drums Kick": "Drums",
        "Perc kick": "Perc",
        "x": "Perc",
    }


def test_links_that_lead_back_end(tmp_path: Path):
    touch(tmp_path, "mix.wav", "tracks/Drums/Kick.wav", "tracks/Vox.wav")
    os.symlink(tmp_path / "tracks", tmp_path / "tracks/Drums/again")
    assert groups(find_song(tmp_path)) == {"Kick": "Drums", "Vox": "vocals"}


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        ("Drums.L", "Drums.R", "Drums"),
        ("Drums.A.L", "Drums.A.R", "Drums.A"),
        ("OH_L", "OH_R", "OH"),
        ("OH L", "OH R", "OH"),
        ("oh_l", "oh_r", "oh"),
        ("Piano-Left", "Piano-Right", "Piano"),
        ("Piano (L)", "Piano (R)", "Piano"),
        ("Piano [left]", "piano [right]", "Piano"),
        ("05_Room - L", "05_Room - R", "05_Room"),
    ],
)
def test_left_and_right_are_one_track(tmp_path: Path, left: str, right: str, name: str):
    touch(tmp_path, "mix.wav", *(f"tracks/{n}.wav" for n in (left, right, "Kick")))
    song = find_song(tmp_path)
    track = next(t for t in song.tracks if t.right_path)
    assert track.name == name
    assert [p.stem for p in track.paths] == [left, right]
    assert len(song.tracks) == 2
    assert f"left and right are two files: {name}" in song.notes
    assert set(song.paths) == {
        tmp_path / "mix.wav",
        *(tmp_path / f"tracks/{n}.wav" for n in (left, right, "Kick")),
    }


@pytest.mark.parametrize(
    "stems",
    [
        "Guitar L,Bass",
        "Guitar L,Guitar-R",  # written in two ways
        "Guitar L,Bass R",
        "Guitar L,Guitar Right",
        "Guitar (L),Guitar (R",
        "Vocal,Vocar",
        "L,R",
        "A/Guitar L,B/Guitar R",
        "Gtr L 1,Gtr R 1",
    ],
)
def test_what_only_looks_like_halves_stays_apart(stems: str):
    paths = [Path(f"{stem}.wav") for stem in stems.split(",")]
    assert [(f.path, f.right_path) for f in join_halves(paths)] == [(p, None) for p in paths]


def test_a_pair_beside_a_track_of_its_name_is_called_otherwise(tmp_path: Path):
    touch(tmp_path, "mix.wav", "tracks/Piano.wav", "tracks/Piano.L.wav", "tracks/Piano.R.wav")
    assert [t.name for t in find_song(tmp_path).tracks] == ["Piano", "Piano LR"]


def test_a_mix_in_two_halves(tmp_path: Path):
    song = find_song(touch(tmp_path, "Mix.L.wav", "Mix.R.wav", "tracks/Kick.wav"))
    assert (song.mix_path.name, song.mix_right_path) == ("Mix.L.wav", tmp_path / "Mix.R.wav")
    assert "took Mix.L.wav and Mix.R.wav for the mix" in song.notes


@pytest.mark.parametrize("folder", ["Stems", "Multitrack", "RAW", "Audio Files", "Pistes"])
def test_the_folder_of_the_tracks_has_many_names(tmp_path: Path, folder: str):
    touch(tmp_path, "mix.wav", "click.wav", f"{folder}/Kick.WAV", f"{folder}/Vox.Aif")
    song = find_song(tmp_path)
    assert groups(song) == {"Kick": "drums", "Vox": "vocals"}
    assert "ignored click.wav" in song.notes


def test_tracks_wins_over_stems_unless_it_holds_nothing(tmp_path: Path):
    touch(tmp_path, "mix.wav", "Stems/Drums.wav", "tracks/Kick.wav")
    assert groups(find_song(tmp_path)) == {"Kick": "drums"}
    (tmp_path / "tracks/Kick.wav").unlink()
    assert groups(find_song(tmp_path)) == {"Drums": "drums"}


def test_a_mix_beside_folders_of_tracks(tmp_path: Path):
    touch(tmp_path, "Final.wav", "Drums/Kick.wav", "Voices/Lead.wav", "Voices/notes.txt")
    song = find_song(tmp_path)
    assert song.mix_path.name == "Final.wav"
    assert groups(song) == {"Kick": "Drums", "Lead": "Voices"}
    assert "ignored notes.txt" in song.notes
    for mix in ("Final.wav", tmp_path / "Final.wav"):
        assert groups(find_song(tmp_path, mix=mix)) == groups(song)


def test_beside_loose_tracks_only_folders_called_as_groups_are_read(tmp_path: Path):
    touch(tmp_path, "mix.wav", "Bass.wav", "Gtr.wav", "Drums/Kick.wav", "old/Gtr.wav")
    song = find_song(tmp_path)
    assert groups(song) == {"Bass": "bass", "Gtr": "guitars", "Kick": "Drums"}
    assert "ignored old/" in song.notes


@pytest.mark.parametrize(
    "mix",
    [
        "Mixdown/Song.wav",
        "Bounced Files/Song 24bit.aif",
        "master/My Song.flac",
        "Song_bounce.wav",
        "Song Final Mix v3.wav",
        "mixture.wav",
        "Mix 2.wav",
        "FullMix.wav",
        "2track.mp3",
        "Song-print.wav",
        "Bounce.M4A",
    ],
)
def test_mixes_have_many_names_and_places(tmp_path: Path, mix: str):
    touch(tmp_path, mix, "tracks/Kick.wav", "cover.wav")
    assert find_song(tmp_path).mix_path == tmp_path / mix


def test_the_bounce_that_is_called_as_its_folder(tmp_path: Path):
    folder = touch(tmp_path / "My Song", "my song.wav", "Kick.wav", "Vox.wav")
    assert find_song(folder).mix_path.name == "my song.wav"


@pytest.mark.parametrize("place", ["tracks", "tracks/Band/Takes"])
def test_the_only_file_called_mix_among_the_tracks_is_the_mix(tmp_path: Path, place: str):
    touch(tmp_path, *(f"{place}/{n}.wav" for n in ("Mix", "Drum Mix", "Vox_mix", "Kick")))
    song = find_song(tmp_path)
    assert song.mix_path.name == "Mix.wav"
    assert set(groups(song)) == {"Drum Mix", "Vox_mix", "Kick"}
    touch(tmp_path, f"{place}/mix.flac")
    with pytest.raises(SessionError, match="could all be it"):
        find_song(tmp_path)


def test_a_folder_of_several_songs_is_told(tmp_path: Path):
    touch(tmp_path, *(f"{song}/{n}.wav" for song in ("one", "two") for n in ("mix", "kick")))
    with pytest.raises(SessionError, match=r"one/mix\.wav and two/mix\.wav .*folder of one song"):
        find_song(tmp_path)


def test_a_mix_of_a_part_is_a_track_and_a_second_mix_is_not(tmp_path: Path):
    touch(tmp_path, "mix.wav", "Drum Mix.wav", "Kick.wav", "Song_mix.wav", "master.wav")
    song = find_song(tmp_path)
    assert set(groups(song)) == {"Drum Mix", "Kick"}
    assert "ignored master.wav and Song_mix.wav" in song.notes
    (tmp_path / "mix.wav").unlink()
    assert find_song(tmp_path).mix_path.name == "Song_mix.wav"


def test_a_video_is_no_track(tmp_path: Path):
    song = find_song(touch(tmp_path, "mix.wav", "Kick.wav", "making of.mov"))
    assert groups(song) == {"Kick": "drums"}
    assert "ignored making of.mov" in song.notes


def test_junk_of_programs_is_not_worth_a_word(tmp_path: Path):
    touch(tmp_path, "mix.wav", "mix.wav.reapeaks", "Thumbs.db", "score.pdf", "__MACOSX/._mix.wav")
    touch(tmp_path, "tracks/Kick.wav", "tracks/Kick.asd", "tracks/._Kick.wav", "tracks/.x/y.wav")
    song = find_song(tmp_path)
    assert groups(song) == {"Kick": "drums"}
    assert song.notes == ("took mix.wav for the mix", "groups from file names")


def test_a_wrapper_folder_is_looked_through(tmp_path: Path):
    touch(tmp_path, "Song/Export/mix.wav", "Song/Export/tracks/Kick.wav", ".DS_Store")
    song = find_song(tmp_path)
    assert (song.name, groups(song)) == (tmp_path.name, {"Kick": "drums"})
    assert find_song(tmp_path, mix="mix.wav").mix_path.name == "mix.wav"


@pytest.mark.parametrize("suffix", ["sd2", "dsf", "sds", "m4a", "wma"])
def test_audio_of_any_kind_is_a_track_so_that_it_is_read_or_refused(tmp_path: Path, suffix: str):
    touch(tmp_path, "mix.wav", f"tracks/Kick.{suffix}", "tracks/Vox.wav")
    assert set(groups(find_song(tmp_path))) == {"Kick", "Vox"}


def test_a_disk_is_no_song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mixtrace.session.folders._MOST_FILES", 10)
    touch(tmp_path, "mix.wav", *(f"tracks/a/{k}.txt" for k in range(11)))
    with pytest.raises(SessionError, match="more than 10 files"):
        find_song(tmp_path)
    touch(tmp_path, "deep/mix.wav", "deep/tracks/" + "d/" * 12 + "x.wav")
    with pytest.raises(SessionError, match="at most 8 deep"):
        find_song(tmp_path / "deep")


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("Lead\u00a0Vox", "Lead Vox"),
        ("Lead\tVox", "Lead Vox"),
        ("\u202eLead Vox\u202c", "Lead Vox"),
        ("Lead\u200d Vox\ufeff", "Lead Vox"),
        ("Ble\u0301", "Bl\u00e9"),  # as macOS writes it
        ("Vo\x1b[31mx", "Vo [31mx"),
        (os.fsdecode(b"Vo\xffx"), "Vo x"),
        ("\u200b", "track"),
        ("a\\b", "a-b"),
        ("kick. .", "kick"),
        ("Ble\u200d\u0301", "Bl\u00e9"),
    ],
)
def test_names_are_printable_where_they_enter(tmp_path: Path, stem: str, name: str):
    folder = tmp_path / "So\u00a0ng\u200f"
    try:
        touch(folder, "mix.wav", f"tracks/{stem}.wav", f"{stem}.txt")
    except OSError:
        pytest.skip("this file system has no such names")
    song = find_song(folder)
    assert [t.name for t in song.tracks] == [name]
    assert song.name == "So ng"
    assert all(text.isprintable() for text in (*song.notes, *groups(song).values()))
    (folder / "session.toml").write_text(
        f'mix = "mix.wav"\n[[tracks]]\npath = "tracks/{stem}.wav"\n', "utf-8", "surrogateescape"
    )
    if stem.isprintable() and "\\" not in stem:
        assert [t.name for t in find_song(folder).tracks] == [name]
