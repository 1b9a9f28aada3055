"""What every test shares: run-time shape checks, one thread, and the songs beside the project."""

from pathlib import Path

import pytest
import torch
from jaxtyping import install_import_hook

SOURCE = Path(__file__).resolve().parents[1] / "src"

# Before the first import of mixtrace: its annotations are checked on every call, in tests only.
# Packages are left out, for their names would take in all their modules: numba cannot compile a
# checked function. The numeric tower lets an int pass for a float, as the language and pyright do.
install_import_hook(
    [
        ".".join(file.relative_to(SOURCE).with_suffix("").parts)
        for file in (SOURCE / "mixtrace").rglob("*.py")
        if file.stem != "__init__" and not file.stem.endswith("_kernels")
    ],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",
)

# Test tensors are small: more threads cost more than they give.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real songs; skip the test where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real songs are absent: expected a folder ../shared/data")
    return folder
