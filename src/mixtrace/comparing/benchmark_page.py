"""The page of a benchmark: means over songs, each song, and what was published."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from mixtrace.comparing.benchmark import (
    MEANS_NOTE,
    SongRows,
    failures_of,
    loss_table,
    means_of,
    published_tables,
)
from mixtrace.comparing.rows import told_columns
from mixtrace.comparing.tables import figure_text
from mixtrace.reporting.page import joined
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled, web_text
from mixtrace.wording import counted

__all__ = ["benchmark_page"]


def benchmark_page(name: str, songs: Sequence[SongRows], links: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        name: of the corpus.
        songs: what methods came to.
        links: where the page of a song lies, by its identity; none for a song without one.
    """
    methods, losses = loss_table(songs)
    rows = [(song, links.get(song, ""), cells) for song, cells in losses]
    html = filled("methods_songs.html", methods=methods, rows=rows, failures=[*failures_of(songs)])
    sections = [
        ("means", "Means over songs", _means_part(songs)),
        ("songs", "L_a of each song", Part(html)),
        (
            "published",
            "Published, on other songs",
            Part(filled("methods_published.html", tables=[*published_tables()])),
        ),
    ]
    lead = Markup('<p class="summary">{} on {}.</p>').format(
        counted(len(methods), "method"), counted(len(songs), "song")
    )
    return joined(name, "Ways to invert a mix, on many songs", lead, sections)


def _means_part(songs: Sequence[SongRows]) -> Part:
    means = means_of(songs)
    columns = told_columns([mean.row for mean in means])
    rows = [
        (
            mean.row.method,
            [
                str(mean.songs),
                *(figure_text(mean.row.figures.get(c.key), c.digits) for c in columns),
            ],
            mean.row.failed,
        )
        for mean in means
    ]
    headings = ["songs", *(column.heading for column in columns)]
    html = filled("methods_table.html", headings=headings, rows=rows, notes=[], links={}) + Markup(
        "<p>{}</p>"
    ).format(MEANS_NOTE)
    return Part(html, web_text("stats.css"))
