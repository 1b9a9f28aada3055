"""The page's templates and its scripts and styles, as they lie beside this module.

Every value that enters a template is escaped; only `Markup` passes as it is.
"""

from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["filled", "web_text"]


def filled(template: str, **values: object) -> Markup:
    """Return a template of `templates/` with its values filled in.

    Args:
        template: the file's name.
        values: what the template names; text is escaped.

    Raises:
        jinja2.UndefinedError: the template names a value that is not given.
    """
    return Markup(_environment().get_template(template).render(values))


def web_text(name: str) -> str:
    """Return a script or style of `web/`."""
    return resources.files("mixtrace.reporting").joinpath("web").joinpath(name).read_text("utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mixtrace.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _breakable(name: str) -> Markup:
    """Return a name that may go on in a second line after each underscore.

    >>> _breakable("LEAD_VOX<b>")
    Markup('LEAD_<wbr>VOX&lt;b&gt;')
    """
    return Markup("_<wbr>").join(name.split("_"))
