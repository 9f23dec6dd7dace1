"""Where and when: constants, frames, geometry, gravity, atmosphere."""
