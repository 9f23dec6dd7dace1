"""One nation: no clock, no socket."""
