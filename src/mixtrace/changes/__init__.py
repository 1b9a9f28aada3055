"""What differs between two results: pure values in, typed changes out."""

from mixtrace.changes.between import changes_between
from mixtrace.changes.change import Change, Changes, How
from mixtrace.changes.side import Side
from mixtrace.changes.words import setting_name

__all__ = ["Change", "Changes", "How", "Side", "changes_between", "setting_name"]
