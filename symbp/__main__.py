"""``python -m symbp`` is ``symbp``."""

import sys

from symbp.cli.main import main

sys.exit(main())
