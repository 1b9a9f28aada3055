"""Every way to invert a mix by its name, and what each found, in one table."""

from mixtrace.comparing.registry import METHODS, method_named, usual_methods

__all__ = ["METHODS", "method_named", "usual_methods"]
