"""The compiled steps of a node, each compiled once per process and shared by all nations."""

import jax

from noroshi.tracking import forecast, fuse, imm, launchpoint

init = jax.jit(imm.init)
weigh = jax.jit(imm.weigh)
absorb = jax.jit(imm.absorb)
carry = jax.jit(fuse.carry)
join = jax.jit(fuse.join)
bundle = jax.jit(forecast.bundle)
launch = jax.jit(launchpoint.estimate)
