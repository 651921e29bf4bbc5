"""A plan as branches, commits and the text of pull requests; the user's own checkout, index and stash are never touched here."""
