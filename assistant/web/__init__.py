"""The web: a chat that cites, and a viewer that shows the cited page."""
