"""What is in the terminal: frozen, checked descriptions, with no arrays and no backend."""

from rdcalcium.errors import ModelError
from rdcalcium.model.action_potential import ActionPotential
from rdcalcium.model.buffers import Buffer, Calcium, Pool
from rdcalcium.model.cells import Grid, Tetrahedra
from rdcalcium.model.channels import Channels
from rdcalcium.model.current_law import GatedCurrent, PrescribedCurrent
from rdcalcium.model.gated_currents import GoldmanCurrent, NadkarniCurrent, OhmicCurrent, TabulatedOpenCurrent
from rdcalcium.model.imaging import Imaging
from rdcalcium.model.model import Magnesium, Model, Record, Run, Snapshots
from rdcalcium.model.obstacles import Ellipsoid, Obstacle, Ribbon, Rod, Sphere, TBar, Tubule
from rdcalcium.model.plausible import doubts
from rdcalcium.model.prescribed_currents import (
    AlphaCurrent,
    ConstantCurrent,
    GaussianCurrent,
    PulseCurrent,
    RecordedCurrent,
    TabulatedCurrent,
)
from rdcalcium.model.pumps import Pump
from rdcalcium.model.scheme import KineticScheme
from rdcalcium.model.sensors import Probe, Sensor
from rdcalcium.model.shapes import (
    Axon,
    Bouton,
    Box,
    CalyxLobe,
    Cylinder,
    Described,
    Ellipsoidal,
    Hemisphere,
    MeshFile,
    Sector,
    Shape,
    Spherical,
)
from rdcalcium.model.stores import Store, StoreTransport
from rdcalcium.model.toml import read_toml, validate, write_toml
from rdcalcium.model.transition import SchemeError
from rdcalcium.model.voltage_clamp import VoltageSteps, VoltageTable
from rdcalcium.model.voltage_course import VoltageCourse

__all__ = [
    "ActionPotential",
    "AlphaCurrent",
    "Axon",
    "Bouton",
    "Box",
    "Buffer",
    "Calcium",
    "CalyxLobe",
    "Channels",
    "ConstantCurrent",
    "Cylinder",
    "Described",
    "Ellipsoid",
    "Ellipsoidal",
    "GatedCurrent",
    "GaussianCurrent",
    "GoldmanCurrent",
    "Grid",
    "Hemisphere",
    "Imaging",
    "KineticScheme",
    "Magnesium",
    "MeshFile",
    "Model",
    "ModelError",
    "NadkarniCurrent",
    "Obstacle",
    "OhmicCurrent",
    "Pool",
    "PrescribedCurrent",
    "Probe",
    "PulseCurrent",
    "Pump",
    "Record",
    "RecordedCurrent",
    "Ribbon",
    "Rod",
    "Run",
    "SchemeError",
    "Sector",
    "Sensor",
    "Shape",
    "Snapshots",
    "Sphere",
    "Spherical",
    "Store",
    "StoreTransport",
    "TBar",
    "TabulatedCurrent",
    "TabulatedOpenCurrent",
    "Tetrahedra",
    "Tubule",
    "VoltageCourse",
    "VoltageSteps",
    "VoltageTable",
    "doubts",
    "read_toml",
    "validate",
    "write_toml",
]
