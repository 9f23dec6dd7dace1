"""The same node on wall clock: its journal on disk, its borders to partners, its doors for sensors."""
