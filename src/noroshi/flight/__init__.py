"""How things move: profile and launch in, trajectory out."""
