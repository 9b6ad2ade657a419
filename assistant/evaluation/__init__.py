"""Question sets in, figures with intervals out. Uses the same Assistant as everybody."""
