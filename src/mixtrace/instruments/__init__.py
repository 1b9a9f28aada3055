"""Instruments made by code: drums, strings, keys, synthesisers and voices play notes."""

from mixtrace.instruments import drums, percussion, synths, tonal, voice
from mixtrace.instruments.notes import Note, humanise
from mixtrace.instruments.synthesis import band_noise, overlay, samples

__all__ = [
    "Note",
    "band_noise",
    "drums",
    "humanise",
    "overlay",
    "percussion",
    "samples",
    "synths",
    "tonal",
    "voice",
]
