"""Lets the tests of this folder share ``report_cases``; pytest imports each test file on its own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
