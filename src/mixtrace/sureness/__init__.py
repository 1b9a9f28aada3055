"""How sure a result is of its settings: what the song leaves open, and what others' dials mean."""

from mixtrace.sureness.scales import Scale, scale_of
from mixtrace.sureness.spreads import leads_into_others, spread_of
from mixtrace.sureness.weigh import how_sure

__all__ = ["Scale", "how_sure", "leads_into_others", "scale_of", "spread_of"]
