"""A result as a session of other programs: one value, and a file for each of them."""

from mixtrace.exporting.channels import Channel, Feed
from mixtrace.exporting.project import Project, Response
from mixtrace.exporting.targets import TARGETS, Target, target

__all__ = ["TARGETS", "Channel", "Feed", "Project", "Response", "Target", "target"]
