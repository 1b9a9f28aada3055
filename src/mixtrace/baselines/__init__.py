"""The other ways to invert a mix, each behind the same `Method` as ours."""
