"""Read a page of derived gradients back: parse its mathematics, evaluate it, compare it with the network's own loss.

usage: readback.py PAGE CASE.json [-v]              PAGE is Markdown (pandoc or GitHub flavour) or LaTeX
       readback.py --bar SYMBP FOLDER... [-v]       makes the pages of every case (or takes the ones the case names) and reads them back

Independent of the product: knows LaTeX and NumPy, nothing else. The case says what the network is (leaves with their shapes and a forward
pass in plain NumPy); everything else is taken from the page. READBACK.md says how it judges and what it does not read.
"""

import os, sys

sys.dont_write_bytecode = True

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from readback import cli

review, line, details, bar = cli.review, cli.line, cli.details, cli.bar

if __name__ == "__main__":
    import numpy as np

    with np.errstate(all="ignore"):
        sys.exit(cli.main(sys.argv, __doc__))
