"""Template tags of every app's pages."""
