"""noroshi: see a launch once, together, and warn the people under it in time."""

from noroshi import settings

__version__ = "0.1.0"

settings.apply()
