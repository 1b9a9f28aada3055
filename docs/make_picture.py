"""Draw docs/show.svg, the picture of the README: what `mixtrace show OUT` prints.

python docs/make_picture.py OUT
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from mixtrace import verbs
from mixtrace.cli.printing import print_outline


def main() -> None:
    """Write the picture of the result in the folder given."""
    console = Console(record=True, width=112, file=io.StringIO(), force_terminal=True)
    print_outline(verbs.show(sys.argv[1]), console)
    picture = Path(__file__).with_name("show.svg")
    svg = console.export_svg(title="mixtrace show OUT")
    # The picture must not fetch fonts; the reader's own monospace one will do.
    picture.write_text(re.sub(r"@font-face \{.*?\}\n?", "", svg, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
