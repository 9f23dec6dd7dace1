"""The compiled steps of a node, each compiled once per process and shared by all nations."""

from noroshi.compiled import QUICK, stored
from noroshi.tracking import forecast, fuse, imm, launchpoint

init = stored(imm.init, QUICK)
weigh = stored(imm.weigh, QUICK)
absorb = stored(imm.absorb, QUICK)
carry = stored(fuse.carry, QUICK)
join = stored(fuse.join, QUICK)
bundle = stored(forecast.bundle)
launch = stored(launchpoint.estimate, QUICK)
