"""The suite before and after, in several orders, each run in a fresh scratch copy. The user's own tree is never touched."""
