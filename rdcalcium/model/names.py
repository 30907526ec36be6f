"""What names mean in laws and rates, besides those of parameters."""

from __future__ import annotations

CALCIUM = "Ca"  # the free calcium of the place, µM: under the membrane, or around a sensor
MAGNESIUM = "Mg"  # the free magnesium there, µM, which schemes bind
STORE = "Ca_store"  # the free calcium in the lumen of a store, µM
OUTSIDE = "Ca_o"  # the free calcium outside of the terminal, µM
VOLTAGE = "V"  # the membrane potential, mV
DENSITY = "density"  # the molecules on an area, as an amount, µM µm
LIGHT = "light"  # that of a flash, in the rates of a cage; 0 in the dark

LIGANDS = (CALCIUM, MAGNESIUM)  # what a step of a scheme can bind
GIVEN = {VOLTAGE: "the voltage", CALCIUM: "the local calcium"}  # what its rates may depend on besides parameters
