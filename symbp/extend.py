"""The door for people who add operations from a package of their own: all that one needs, and nothing else of symbp.

An operation is a node (``Op``) with its shape, its ``@meaning`` and its ``@rule``, made of products, sums and ⊙; a
layer is a class with ``build(builder, incoming)``; ``word`` lets equations call an operation. docs/extending.md builds
one from nothing; ``symbp.testing.check_operation`` tests it.
"""

from symbp.networks.blocks import Kind as Kind
from symbp.networks.builder import Builder as Builder
from symbp.networks.layers import Layer as Layer
from symbp.networks.layers import layer_type as layer_type
from symbp.networks.matrix_functions import word as word
from symbp.nodes import hadamard as hadamard
from symbp.nodes import matadd as matadd
from symbp.nodes import matmul as matmul
from symbp.nodes import ones as ones
from symbp.nodes import sum_of as sum_of
from symbp.nodes import times as times
from symbp.nodes import transpose as transpose
from symbp.nodes import zeros as zeros
from symbp.op import Entry as Entry
from symbp.op import FactorRole as FactorRole
from symbp.op import Naming as Naming
from symbp.op import Op as Op
from symbp.op import meaning as meaning
from symbp.op import rule as rule
from symbp.ops.entries import COLUMN as COLUMN
from symbp.ops.entries import EXAMPLE as EXAMPLE
from symbp.ops.entries import OTHER as OTHER
from symbp.ops.entries import ROW as ROW
from symbp.ops.entries import Largest as Largest
from symbp.ops.entries import Total as Total
from symbp.ops.entries import base as base
from symbp.ops.entries import by_columns as by_columns
from symbp.ops.entries import index as index
from symbp.symbols import BATCH as BATCH
from symbp.symbols import Role as Role
from symbp.symbols import Variable as Variable
from symbp.symbols import width as width
