"""The bad input that issue 3 names, as files given to the command: one clear line each, exit code 2, quickly."""

import os
import time

import pytest
from typer.testing import CliRunner
