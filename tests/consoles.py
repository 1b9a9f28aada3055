"""Consoles that tests build graphs from, beside the published one."""

from dataclasses import replace

from mixtrace.graph import CONSOLES

STUDIO = replace(
    CONSOLES["paper"], master_chain=("equalizer", "one_pole_compressor", "gain_automation")
)
"""The published console with a chain on the master, which has a kind of its own."""
