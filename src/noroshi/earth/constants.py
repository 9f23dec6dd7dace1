"""Constants of the Earth and the atmosphere, SI units.

Sources: WGS 84 (NGA.STND.0036); J2 from the EGM96 coefficient C20 = -4.84165371736e-4 as -sqrt(5) C20;
US Standard Atmosphere 1976 (NOAA-S/T 76-1562).
"""

SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
SEMI_MINOR_M = SEMI_MAJOR_M * (1 - FLATTENING)
ECCENTRICITY2 = FLATTENING * (2 - FLATTENING)
GM_M3PS2 = 3.986004418e14
J2 = 1.08262668355e-3
ROTATION_RADPS = 7.2921150e-5
# Mean radius (2a + b) / 3: distances along great circles, as public reports give them.
MEAN_RADIUS_M = 6_371_008.8
STANDARD_GRAVITY_MPS2 = 9.80665
# Below, the air ends an orbit within a turn or two.
ORBIT_HEIGHT_MIN_M = 150e3
